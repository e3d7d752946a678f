import type { ValueTypeName } from '@sluice/core';

export type ColumnTypeName = ValueTypeName | 'any' | 'real' | 'timestamp';

/** All type names; the compiler checks that none is missing. Core has such a list, but loading core would take most of the start of a reader's thread. */
const NAMES: Readonly<Record<ColumnTypeName, true>> = {
  any: true,
  bigint: true,
  boolean: true,
  bytea: true,
  date: true,
  'double precision': true,
  integer: true,
  json: true,
  jsonb: true,
  numeric: true,
  real: true,
  smallint: true,
  text: true,
  timestamp: true,
  timestamptz: true,
  uuid: true,
  varchar: true,
};

/** The types that a transfer reads and writes in binary form. `any` is a value with its storage class, to compare two SQLite files. */
const COLUMN_TYPE_NAMES: readonly ColumnTypeName[] = Object.keys(NAMES) as ColumnTypeName[];

export interface ColumnType {
  readonly name: ColumnTypeName;
  /** Maximum of characters of a varchar. */
  readonly length?: number;
  /** Maximum of digits of a numeric. Digits of the seconds' fraction of a timestamp or timestamptz; default: 6. */
  readonly precision?: number;
  /** Digits of a numeric after the decimal point. */
  readonly scale?: number;
}

const ALIASES: Readonly<Record<string, ColumnTypeName>> = {
  bool: 'boolean',
  'character varying': 'varchar',
  decimal: 'numeric',
  float4: 'real',
  float8: 'double precision',
  int: 'integer',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
};

/** Parses a type as PostgreSQL's `format_type` writes it, or an alias; `undefined` when it is not a {@link ColumnTypeName}. */
export function parseColumnType(text: string): ColumnType | undefined {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/ collate .*$/, '');
  const match = /^([a-z][a-z0-9 ]*?) ?(?:\( ?(\d+) ?(?:, ?(\d+) ?)?\))?( with(?:out)? time zone)?$/.exec(
    plain,
  );
  if (match === null) return undefined;
  const [, base = '', first, second, zone = ''] = match;
  const written = base + zone;
  const name = ALIASES[written] ?? COLUMN_TYPE_NAMES.find((candidate) => candidate === written);
  if (name === undefined || first === undefined) return name && { name };
  if (name === 'varchar') return { name, length: Number(first) };
  if (name === 'numeric') return { name, precision: Number(first), scale: Number(second ?? 0) };
  return name === 'timestamp' || name === 'timestamptz' ? { name, precision: Number(first) } : undefined;
}
