import type Sqlite from 'better-sqlite3';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  divideDecimal,
  formatDecimal,
  parseDecimal,
  ZERO,
} from './decimal.js';
import { numericKey } from './numeric-key.js';

/** Names of the SQL functions that treat numerics, which are stored as text, as numbers. */
export const NUMERIC_KEY = 'sluice_numeric_key';
export const NUMERIC_AGGREGATES = {
  avg: 'sluice_avg',
  max: 'sluice_max',
  min: 'sluice_min',
  sum: 'sluice_sum',
} as const;

interface Total {
  readonly sum: Decimal;
  readonly count: bigint;
}

/** Adds the functions to a connection. Only queries use them: no index, trigger or view in the file refers to them. */
export function defineNumericFunctions(database: Sqlite.Database): void {
  database.function(NUMERIC_KEY, { deterministic: true }, numericKey);
  defineTotal(database, NUMERIC_AGGREGATES.sum, ({ sum }) => sum);
  defineTotal(database, NUMERIC_AGGREGATES.avg, ({ sum, count }) => divideDecimal(sum, count));
  defineExtreme(database, NUMERIC_AGGREGATES.min, (order) => order < 0);
  defineExtreme(database, NUMERIC_AGGREGATES.max, (order) => order > 0);
}

function defineTotal(database: Sqlite.Database, name: string, finish: (total: Total) => Decimal): void {
  database.aggregate<Total>(name, {
    deterministic: true,
    safeIntegers: true,
    start: () => ({ sum: ZERO, count: 0n }),
    step: (total, value) => {
      if (value === null) return total;
      return { sum: addDecimals(total.sum, toDecimal(value, name)), count: total.count + 1n };
    },
    result: (total) => (total.count === 0n ? null : formatDecimal(finish(total))),
  });
}

function defineExtreme(database: Sqlite.Database, name: string, isBeyond: (order: number) => boolean): void {
  database.aggregate<Decimal | null>(name, {
    deterministic: true,
    safeIntegers: true,
    start: () => null,
    step: (extreme, value) => {
      if (value === null) return extreme;
      const decimal = toDecimal(value, name);
      return extreme === null || isBeyond(compareDecimals(decimal, extreme)) ? decimal : extreme;
    },
    result: (extreme) => (extreme === null ? null : formatDecimal(extreme)),
  });
}

function toDecimal(value: unknown, name: string): Decimal {
  const decimal = parseDecimal(value);
  if (decimal === undefined) throw new TypeError(`${name} was given a value that is no decimal number`);
  return decimal;
}
