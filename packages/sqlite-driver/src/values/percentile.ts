import type Sqlite from 'better-sqlite3';
import { compareDecimals } from './decimal.js';
import { toDecimal } from './numeric-functions.js';

/** Names of the aggregates that give the value at a share of the sorted values. */
export const PERCENTILE = 'sluice_percentile';
export const NUMERIC_PERCENTILE = 'sluice_numeric_percentile';

type Stored = Uint8Array | bigint | number | string;

interface Values {
  fraction: number;
  readonly values: Stored[];
}

/** Adds the aggregates to a connection. Only queries use them. */
export function definePercentiles(database: Sqlite.Database): void {
  define(database, PERCENTILE, compareStored);
  define(database, NUMERIC_PERCENTILE, (left, right) =>
    compareDecimals(toDecimal(left, NUMERIC_PERCENTILE), toDecimal(right, NUMERIC_PERCENTILE)),
  );
}

function define(
  database: Sqlite.Database,
  name: string,
  compare: (left: Stored, right: Stored) => number,
): void {
  database.aggregate<Values>(name, {
    deterministic: true,
    safeIntegers: true,
    start: () => ({ fraction: 0, values: [] }),
    step: (group: Values, fraction?: unknown, value?: unknown) => {
      group.fraction = Number(fraction);
      if (value !== null) group.values.push(value as Stored);
    },
    result: ({ fraction, values }) =>
      values.sort(compare)[Math.max(Math.ceil(fraction * values.length), 1) - 1] ?? null,
  });
}

/** Values of one type, as SQLite sorts them: numbers by value, text and bytes by their bytes. */
function compareStored(left: Stored, right: Stored): number {
  if (isNumber(left) && isNumber(right)) return left < right ? -1 : left > right ? 1 : 0;
  return Buffer.compare(bytesOf(left), bytesOf(right));
}

function isNumber(value: Stored): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

function bytesOf(value: Stored): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(String(value));
}
