import { inexactMessage, inexactNumber } from '@sluice/core/exact-json';
import type { ValueTypeName } from '@sluice/core/value-types';
import { portableType } from './column-types.js';
import type { ResultColumns } from './result-part.js';
import type { SqliteValue } from './sqlite-value.js';

/** How the stored values of a type become the contract's. */
export interface Codec {
  /** Decodes a value of a column of this name. Returns `undefined` when the type has no such value. @throws InexactJson */
  readonly decode: (value: NonNullable<SqliteValue>, name: string) => unknown;
  /** Stored values of this kind are returned unchanged; all others are decoded. */
  readonly plain: 'number' | 'string' | 'whole' | undefined;
}

/** Whether a stored value is returned unchanged. */
export function isPlain(stored: SqliteValue, plain: Codec['plain']): boolean {
  return plain === 'whole' ? Number.isSafeInteger(stored) : typeof stored === plain;
}

/** JSON with a number that JavaScript would round. */
export class InexactJson extends Error {}

/** The first column with a value that cannot be read, in rows of stored values, and why. */
export function findUnreadable(
  { names, types }: ResultColumns,
  rows: readonly (readonly SqliteValue[])[],
): { readonly name: string; readonly message: string } | undefined {
  for (const [index, declared] of types?.entries() ?? []) {
    if (declared === null) continue;
    const name = names[index] ?? '';
    const codec = codecOf(declared);
    for (const row of rows) {
      const message = whyUnreadable(row[index] ?? null, { ...codec, name, declared });
      if (message !== undefined) return { name, message };
    }
  }
  return undefined;
}

function whyUnreadable(
  value: SqliteValue,
  { name, declared, decode, plain }: Codec & { readonly name: string; readonly declared: string },
): string | undefined {
  if (value === null || isPlain(value, plain)) return undefined;
  try {
    return decode(value, name) === undefined ? unreadableMessage(name, declared) : undefined;
  } catch (error) {
    if (error instanceof InexactJson) return error.message;
    throw error;
  }
}

/** Says that a column holds a value which its declared type does not have. */
export function unreadableMessage(column: string, type: string | null | undefined): string {
  return `Column "${column}" is declared ${type} but holds a value that is none, so it was not stored through Sluice. Audit the file, or select the column as an expression to see what is stored.`;
}

/** Cache by declared type; a schema has few of them. */
const codecs = new Map<string, Codec>();
const STORED: Codec = { decode: stored, plain: undefined };

/** The codec of a declared type; of an expression when it is null. */
export function codecOf(declared: string | null): Codec {
  if (declared === null) return STORED;
  let codec = codecs.get(declared);
  if (codec === undefined) {
    const name = portableType(declared)?.name;
    codec = name === undefined ? STORED : typeCodec(name);
    codecs.set(declared, codec);
  }
  return codec;
}

const PLAIN: Readonly<Partial<Record<ValueTypeName, Codec['plain']>>> = {
  date: 'string',
  'double precision': 'number',
  integer: 'whole',
  numeric: 'string',
  smallint: 'whole',
  text: 'string',
  uuid: 'string',
  varchar: 'string',
};

/** The codec of a type of the contract. */
export function typeCodec(type: ValueTypeName): Codec {
  return { decode: DECODES[type], plain: PLAIN[type] };
}

/** Returns the value unchanged. The thread sends integers as numbers where they are exact, and as bigints beyond. */
function stored(value: NonNullable<SqliteValue>): unknown {
  return value;
}

const DECODES: Readonly<Record<ValueTypeName, Codec['decode']>> = {
  bigint: (value) => (typeof value === 'bigint' ? value : undefined),
  boolean: (value) => (value === 1 ? true : value === 0 ? false : undefined),
  bytea: (value) => (value instanceof Uint8Array ? value : undefined),
  date: text,
  'double precision': (value) => (typeof value === 'number' ? value : undefined),
  integer: wholeNumber,
  json,
  jsonb: json,
  numeric: text,
  smallint: wholeNumber,
  text,
  timestamptz: (value) => (Number.isSafeInteger(value) ? new Date(Number(value)) : undefined),
  uuid: text,
  varchar: text,
};

function text(value: SqliteValue): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function wholeNumber(value: SqliteValue): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function json(value: SqliteValue, name: string): unknown {
  if (typeof value !== 'string') return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return undefined;
  }
  const path = inexactNumber(value);
  if (path !== undefined) throw new InexactJson(inexactMessage(name, path));
  return parsed;
}
