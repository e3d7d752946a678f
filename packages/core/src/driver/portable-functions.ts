import type { Expression } from 'kysely';
import type { ValueTypeName } from '../values/value-type.js';

/** What `bucket` can cut a time to. A week begins on Monday. */
export type TimeUnit = 'day' | 'hour' | 'minute' | 'month' | 'quarter' | 'second' | 'week' | 'year';

/** What `datePart` can take from a time or a day. `dayOfWeek` is 1 for Monday to 7 for Sunday; `dayOfYear` and `month` begin with 1. */
export type DatePart =
  | 'day'
  | 'dayOfWeek'
  | 'dayOfYear'
  | 'hour'
  | 'minute'
  | 'month'
  | 'quarter'
  | 'second'
  | 'year';

/** A column of the rows that become JSON. `whole` is a computed whole number; `undefined` a type that is not the contract's. */
export interface JsonColumn {
  readonly name: string;
  readonly type: ValueTypeName | 'whole' | undefined;
  /** Of a numeric that the engine has as the whole number value × 10^scale. */
  readonly scale?: number | undefined;
}

/** Core's functions in the engine's SQL. Times are timestamptz in the form in which the engine stores them; NULL gives NULL. Parts and buckets are those of UTC. */
export interface PortableFunctions {
  /** The time of the transaction, in whole milliseconds. Default: core passes it as a parameter. */
  now?(): Expression<unknown>;
  /** The time `ms` milliseconds after `time`; `ms` is a whole number. */
  addMs(time: Expression<unknown>, ms: Expression<unknown>): Expression<unknown>;
  /** The milliseconds from one time to another. */
  durationMs(from: Expression<unknown>, to: Expression<unknown>): Expression<unknown>;
  /** The time at which the `unit` around `time` began. */
  bucket(unit: TimeUnit, time: Expression<unknown>): Expression<unknown>;
  /** A part of a day or a time, as an integer. */
  datePart(part: DatePart, value: Expression<unknown>, type: 'date' | 'timestamptz'): Expression<unknown>;
  /** The least value of a group that is not smaller than this share of its values, NULLs left out; NULL when there is none. `fraction` is from 0 to 1. */
  percentile(fraction: number, value: Expression<unknown>, isNumeric: boolean): Expression<unknown>;
  /**
   * The rows of `query` as a JSON array of objects, or its first row as an object, or NULL when there is none. In JSON a bigint, a whole number and a numeric are
   * text, a timestamptz the milliseconds since 1970, bytes hexadecimal digits, an infinite double the text `Infinity` or `-Infinity`, and a JSON value is itself.
   */
  jsonRows(query: Expression<unknown>, columns: readonly JsonColumn[], isArray: boolean): Expression<unknown>;
}
