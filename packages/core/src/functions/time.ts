import { type Expression, ExpressionWrapper, ValueNode } from 'kysely';
import type { DatePart, TimeUnit } from '../driver/portable-functions.js';
import { UsageError } from '../errors/usage-errors.js';
import { portableCall } from './portable-call.js';

/** An expression or a value of a timestamptz. */
export type Time = Expression<Date | null> | Date;

/** A length of time; the parts are added. A day has 24 hours. */
export interface Duration {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly ms?: number;
}

type TimeExpression<E, T> = ExpressionWrapper<never, never, null extends ValueOf<E> ? T | null : T>;
type ValueOf<E> = E extends Expression<infer T> ? T : E;

/** The time of the transaction, in whole milliseconds: the same in all its statements. Outside of a transaction the time of the statement. */
export function now(): ExpressionWrapper<never, never, Date> {
  return portableCall('sluice_now', []);
}

/**
 * The time that long before {@link now}.
 *
 * @throws UsageError `invalid_query` when the duration is no whole number of milliseconds.
 *
 * @example
 * db.deleteFrom('session').where('seenAt', '<', ago({ days: 30 }))
 */
export function ago(duration: Duration): ExpressionWrapper<never, never, Date> {
  return addMs(now(), -toMs(duration));
}

/** The time that many milliseconds after `time`, or before it for a negative number. An expression must be a whole number. @throws UsageError `invalid_query`. */
export function addMs<E extends Time>(
  time: E,
  ms: Expression<number | null> | number,
): TimeExpression<E, Date> {
  return portableCall('sluice_add_ms', [timeOperand(time), typeof ms === 'number' ? wholeMs(ms) : ms]);
}

/** The milliseconds from one time to another: negative when `to` is the earlier one. A number while it is safe, as for every computed whole number. */
export function durationMs<E extends Time, F extends Time>(
  from: E,
  to: F,
): ExpressionWrapper<never, never, null extends ValueOf<E> | ValueOf<F> ? number | null : number> {
  return portableCall('sluice_duration_ms', [timeOperand(from), timeOperand(to)]);
}

/**
 * The time at which the hour, day, … around `time` began, in UTC. A week begins on Monday.
 *
 * @example
 * db.selectFrom('visit')
 *   .select((eb) => [bucket('day', eb.ref('at')).as('day'), eb.fn.countAll().as('visits')])
 *   .groupBy((eb) => bucket('day', eb.ref('at')))
 */
export function bucket<E extends Time>(unit: TimeUnit, time: E): TimeExpression<E, Date> {
  return portableCall('sluice_bucket', [unit, timeOperand(time)]);
}

/** A part of a timestamptz, in UTC, or of a date, as a whole number. Seconds are whole; a date has no hours. */
export function datePart<E extends Expression<Date | string | null> | Date>(
  part: DatePart,
  time: E,
): TimeExpression<E, number> {
  return portableCall('sluice_date_part', [part, timeOperand(time)]);
}

function timeOperand(time: Expression<unknown> | Date): Expression<unknown> {
  return time instanceof Date ? new ExpressionWrapper(ValueNode.create(new Date(time))) : time;
}

function wholeMs(ms: number): Expression<number> {
  if (Number.isSafeInteger(ms)) return new ExpressionWrapper(ValueNode.createImmediate(ms));
  throw new UsageError('invalid_query', `A duration is a whole number of milliseconds, not ${ms}.`);
}

function toMs({ days = 0, hours = 0, minutes = 0, seconds = 0, ms = 0 }: Duration): number {
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000 + ms;
}
