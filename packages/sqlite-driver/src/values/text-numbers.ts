import type Sqlite from 'better-sqlite3';
import { formatDecimal } from './decimal.js';

/** Failure code: a text that is cast to a number is none. */
export const NOT_A_NUMBER = 'SQLITE_NOT_A_NUMBER';

/** The types of numbers to which a text is cast. */
export type TextNumber = 'bigint' | 'double precision' | 'integer' | 'numeric' | 'smallint';

/** Names of the SQL functions that give the number for which a text stands, as PostgreSQL reads it. SQLite's own CAST gives 12 for '12a', and 0 for 'a'. */
export const TEXT_NUMBERS: Readonly<Record<TextNumber, string>> = {
  bigint: 'sluice_bigint',
  'double precision': 'sluice_double',
  integer: 'sluice_integer',
  numeric: 'sluice_numeric',
  smallint: 'sluice_smallint',
};

const BITS = { bigint: 64, integer: 32, smallint: 16 } as const;
const WHOLE = /^\s*[+-]?\d+\s*$/;
const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,5}))?\s*$/i;
const INFINITE = /^\s*([+-]?)inf(?:inity)?\s*$/i;
/** PostgreSQL's own limit is 16,383 digits after the point, and 131,072 before it. */
const MAX_EXPONENT = 16_383;

/** Adds the functions to a connection. Only queries use them. They fail for a text that is no number of the type. */
export function defineTextNumbers(database: Sqlite.Database): void {
  for (const type of ['bigint', 'integer', 'smallint'] as const)
    define(database, type, (text) => whole(text, BITS[type]));
  define(database, 'numeric', decimal);
  define(database, 'double precision', double);
}

function define(
  database: Sqlite.Database,
  type: TextNumber,
  parse: (text: string) => bigint | number | string | undefined,
): void {
  database.function(TEXT_NUMBERS[type], { deterministic: true }, (text: unknown) => {
    if (text === null) return null;
    const number = parse(String(text));
    if (number !== undefined) return number;
    // The text is left out of the message, as all values are.
    throw Object.assign(new TypeError(`A text that is cast to ${type} is no number of that type.`), {
      code: NOT_A_NUMBER,
    });
  });
}

function whole(text: string, bits: number): bigint | undefined {
  if (!WHOLE.test(text)) return undefined;
  const number = BigInt(text.trim().replace('+', ''));
  return BigInt.asIntN(bits, number) === number ? number : undefined;
}

/** The text of the numeric, with as many digits after the point as it is written with. */
export function decimal(text: string): string | undefined {
  const parts = DECIMAL.exec(text);
  if (parts === null) return undefined;
  const [, sign, before = '', after = '', exponent = '0'] = parts;
  if (before === '' && after === '') return undefined;
  const scale = after.length - Number(exponent);
  if (Math.abs(Number(exponent)) > MAX_EXPONENT || scale > MAX_EXPONENT) return undefined;
  const digits = BigInt(`${before}${after}`) * (scale < 0 ? 10n ** BigInt(-scale) : 1n);
  return formatDecimal({ digits: sign === '-' ? -digits : digits, scale: Math.max(scale, 0) });
}

function double(text: string): number | undefined {
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const parts = DECIMAL.exec(text);
  if (parts === null || (!parts[2] && !parts[3])) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
