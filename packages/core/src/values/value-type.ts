/**
 * The column types that every driver stores (contract C1), under PostgreSQL's names, and the JavaScript value of each:
 * text, varchar and uuid → string, smallint and integer → number, bigint → bigint, double precision → number,
 * numeric → string with every digit, boolean → boolean, timestamptz → Date (milliseconds, UTC),
 * date → `YYYY-MM-DD`, json and jsonb → parsed value, bytea → Uint8Array.
 */
export const VALUE_TYPE_NAMES = [
  'bigint',
  'boolean',
  'bytea',
  'date',
  'double precision',
  'integer',
  'json',
  'jsonb',
  'numeric',
  'smallint',
  'text',
  'timestamptz',
  'uuid',
  'varchar',
] as const;

/** The name of a {@link ValueType}. */
export type ValueTypeName = (typeof VALUE_TYPE_NAMES)[number];

/** A column type of the contract, with its limits. */
export interface ValueType {
  readonly name: ValueTypeName;
  /** The most characters (code points) of a varchar; `undefined` is no limit. */
  readonly length?: number;
  /** The most digits of a numeric; `undefined` is no limit. */
  readonly precision?: number;
  /** The digits of a numeric after the decimal point; 0 when only a precision is given, as in PostgreSQL. */
  readonly scale?: number;
  /** Of a numeric column that the engine stores as the whole number value × 10^scale: such values compare, sort and add up as numbers. */
  readonly isScaled?: true;
  /** Of a timestamptz column made elsewhere: it holds microseconds, which a Date does not carry. It stands for the whole millisecond. */
  readonly hasMicroseconds?: true;
}

const ALIASES: Readonly<Record<string, ValueTypeName>> = {
  bool: 'boolean',
  'character varying': 'varchar',
  decimal: 'numeric',
  float8: 'double precision',
  int: 'integer',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  'timestamp with time zone': 'timestamptz',
};

/** Parses a column type such as `numeric(10, 2)`; `undefined` when it is not one of the contract's. */
export function parseValueType(text: string): ValueType | undefined {
  const match = /^([a-z][a-z0-9 ]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?$/.exec(
    text.trim().toLowerCase(),
  );
  if (match === null) return undefined;
  const [, base = '', first, second] = match;
  const name = ALIASES[base] ?? VALUE_TYPE_NAMES.find((candidate) => candidate === base);
  if (name === undefined) return undefined;
  if (first === undefined) return { name };
  if (name === 'varchar' && second === undefined) return { name, length: Number(first) };
  if (name === 'numeric') return { name, precision: Number(first), scale: Number(second ?? 0) };
  // Every driver stores timestamptz(3); no other precision is in the contract.
  return name === 'timestamptz' && first === '3' ? { name } : undefined;
}
