import { inexactMessage, inexactNumber } from '@sluice/core/exact-json';
import type { ValueType, ValueTypeName } from '@sluice/core/value-types';
import { portableType } from './column-types.js';
import { formatDecimal } from './decimal.js';
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
    const type = portableType(declared);
    codec = type === undefined ? STORED : typeCodec(type);
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
export function typeCodec({ name, isScaled, scale = 0 }: ValueType): Codec {
  if (isScaled === true) return { decode: decodeScaled(scale), plain: undefined };
  return { decode: DECODES[name], plain: PLAIN[name] };
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

/** The decimal text of a numeric that is stored as a whole number. */
function decodeScaled(scale: number): Codec['decode'] {
  const unit = 10 ** scale;
  const fractionText = (fraction: number): string => `.${String(fraction + unit).slice(1)}`;
  const texts =
    unit > MOST_TEXTS ? [] : Array.from({ length: unit }, (_, fraction) => fractionText(fraction));
  return (value) => {
    if (typeof value === 'bigint') return formatDecimal({ digits: value, scale });
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
    if (scale === 0) return String(value);
    if (scale > MAX_SAFE_SCALE) return formatDecimal({ digits: BigInt(value), scale });
    const digits = Math.abs(value);
    const fraction = digits % unit;
    const text = String((digits - fraction) / unit) + (texts[fraction] ?? fractionText(fraction));
    return value < 0 ? `-${text}` : text;
  };
}

/** The texts of so many fractions are kept, which makes a list of amounts of money a sixth faster. */
const MOST_TEXTS = 1000;

/** Up to this scale, 10^scale and twice that are safe integers. */
const MAX_SAFE_SCALE = 15;

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
