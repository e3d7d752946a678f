import type Sqlite from 'better-sqlite3';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimalOfDouble,
  divideDecimals,
  formatDecimal,
  multiplyDecimals,
  parseDecimal,
  remainderOf,
  roundDecimal,
  subtractDecimals,
  ZERO,
} from './decimal.js';
import { numericKey } from './numeric-key.js';

/** Names of the SQL functions that treat numerics, which are stored as text, as numbers. */
export const NUMERIC_KEY = 'sluice_numeric_key';
export const NUMERIC_ROUND = 'sluice_round';
/** Of numerics that are stored as whole numbers: their text, and the whole number of another number. */
export const NUMERIC_UNSCALED = 'sluice_unscaled';
export const NUMERIC_SCALED = 'sluice_scaled';
/** The sum and the average of such numerics, of the sums of their parts above and below {@link PART}. */
export const SCALED_TOTALS = { avg: 'sluice_avg_of', sum: 'sluice_sum_of' } as const;
/** Sums of the parts of 18 digits above and below this one are within 64 bits for any number of rows that a table can have. */
export const PART = 1_000_000_000;
export const NUMERIC_AGGREGATES = {
  avg: 'sluice_avg',
  max: 'sluice_max',
  min: 'sluice_min',
  sum: 'sluice_sum',
} as const;
export const NUMERIC_EXTREMES = { greatest: 'sluice_greatest', least: 'sluice_least' } as const;
export const NUMERIC_OPERATORS = {
  '%': 'sluice_modulo',
  '*': 'sluice_multiply',
  '+': 'sluice_add',
  '-': 'sluice_subtract',
  '/': 'sluice_divide',
} as const;

/** The results of the operators; `undefined` for a division by 0, which is NULL in SQLite. */
const OPERATIONS: Readonly<
  Record<keyof typeof NUMERIC_OPERATORS, (left: Decimal, right: Decimal) => Decimal | undefined>
> = {
  '%': (left, right) => (right.digits === 0n ? undefined : remainderOf(left, right)),
  '*': multiplyDecimals,
  '+': addDecimals,
  '-': subtractDecimals,
  '/': (left, right) => (right.digits === 0n ? undefined : divideDecimals(left, right)),
};

interface Total {
  readonly sum: Decimal;
  readonly count: bigint;
}

/** Adds the functions to a connection. Only queries use them: no index, trigger or view in the file refers to them. */
export function defineNumericFunctions(database: Sqlite.Database): void {
  database.function(NUMERIC_KEY, { deterministic: true, safeIntegers: true }, numericKey);
  defineRound(database);
  defineScaledFunctions(database);
  defineExtremeOf(database, NUMERIC_EXTREMES.greatest, (order) => order > 0);
  defineExtremeOf(database, NUMERIC_EXTREMES.least, (order) => order < 0);
  for (const [operator, name] of Object.entries(NUMERIC_OPERATORS))
    defineOperator(database, name, OPERATIONS[operator as keyof typeof OPERATIONS]);
  defineTotal(database, NUMERIC_AGGREGATES.sum, ({ sum }) => sum);
  defineTotal(database, NUMERIC_AGGREGATES.avg, ({ sum, count }) =>
    divideDecimals(sum, { digits: count, scale: 0 }),
  );
  defineExtreme(database, NUMERIC_AGGREGATES.min, (order) => order <= 0);
  defineExtreme(database, NUMERIC_AGGREGATES.max, (order) => order >= 0);
}

function defineScaledFunctions(database: Sqlite.Database): void {
  const options = { deterministic: true, safeIntegers: true } as const;
  database.function(NUMERIC_UNSCALED, options, (value: unknown, scale: unknown) =>
    typeof value === 'bigint' ? formatDecimal({ digits: value, scale: Number(scale) }) : value,
  );
  database.function(NUMERIC_SCALED, options, scaledNumber);
  const total = (above: unknown, below: unknown, scale: unknown): Decimal => ({
    digits: (above as bigint) * BigInt(PART) + (below as bigint),
    scale: Number(scale),
  });
  database.function(SCALED_TOTALS.sum, options, (above: unknown, below: unknown, scale: unknown) =>
    above === null ? null : formatDecimal(total(above, below, scale)),
  );
  database.function(
    SCALED_TOTALS.avg,
    options,
    (above: unknown, below: unknown, scale: unknown, count: unknown) =>
      above === null
        ? null
        : formatDecimal(divideDecimals(total(above, below, scale), { digits: count as bigint, scale: 0 })),
  );
}

/** The whole number value × 10^scale; the decimal text, which the column's CHECK refuses, beyond 64 bits. */
function scaledNumber(value: unknown, scale: unknown): unknown {
  if (value === null) return null;
  const decimal = typeof value === 'number' ? decimalOfDouble(value) : toDecimal(value, NUMERIC_SCALED);
  if (decimal === undefined) return value;
  const { digits } = roundDecimal(decimal, Number(scale));
  return BigInt.asIntN(64, digits) === digits ? digits : formatDecimal(decimal);
}

function defineRound(database: Sqlite.Database): void {
  database.function(
    NUMERIC_ROUND,
    { deterministic: true, safeIntegers: true },
    (value: unknown, scale: unknown) =>
      value === null ? null : formatDecimal(roundDecimal(toDecimal(value, NUMERIC_ROUND), Number(scale))),
  );
}

/** Of its arguments that are not NULL. */
function defineExtremeOf(
  database: Sqlite.Database,
  name: string,
  isBeyond: (order: number) => boolean,
): void {
  database.function(
    name,
    { deterministic: true, safeIntegers: true, varargs: true },
    (...values: unknown[]) => {
      const decimals = values.filter((value) => value !== null).map((value) => toDecimal(value, name));
      const [first, ...others] = decimals;
      if (first === undefined) return null;
      return formatDecimal(
        others.reduce((most, each) => (isBeyond(compareDecimals(each, most)) ? each : most), first),
      );
    },
  );
}

function defineOperator(
  database: Sqlite.Database,
  name: string,
  calculate: (left: Decimal, right: Decimal) => Decimal | undefined,
): void {
  database.function(name, { deterministic: true, safeIntegers: true }, (left: unknown, right: unknown) => {
    if (left === null || right === null) return null;
    const result = calculate(toDecimal(left, name), toDecimal(right, name));
    return result === undefined ? null : formatDecimal(result);
  });
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
    // Makes the aggregate a window function as well.
    inverse: (total, value) => {
      if (value === null) return total;
      return { sum: subtractDecimals(total.sum, toDecimal(value, name)), count: total.count - 1n };
    },
    result: (total) => (total.count === 0n ? null : formatDecimal(finish(total))),
  });
}

/** Of equal numbers with different scales it gives the last, as PostgreSQL does. */
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
    // The frames that Kysely writes never lose rows.
    inverse: () => {
      throw new TypeError(`${name} has no frame that ends before the current row`);
    },
    result: (extreme) => (extreme === null ? null : formatDecimal(extreme)),
  });
}

/** @throws TypeError for what is no decimal number. */
export function toDecimal(value: unknown, name: string): Decimal {
  const decimal = parseDecimal(value);
  if (decimal === undefined) throw new TypeError(`${name} was given a value that is no decimal number`);
  return decimal;
}
