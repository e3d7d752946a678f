import type { DatePart, TimeUnit } from '@sluice/core';
import type Sqlite from 'better-sqlite3';

/** Names of the SQL functions over times, in milliseconds since 1970, and days, as text. All count in UTC. */
export const BUCKET = 'sluice_bucket';
export const DATE_PART = 'sluice_date_part';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Adds the functions to a connection. Only queries use them. */
export function defineTimeFunctions(database: Sqlite.Database): void {
  database.function(BUCKET, { deterministic: true }, (unit: unknown, time: unknown) =>
    time === null ? null : BigInt(beginOf(unit as TimeUnit, stored(time, BUCKET))),
  );
  database.function(DATE_PART, { deterministic: true }, (part: unknown, value: unknown) =>
    value === null ? null : BigInt(partOf(part as DatePart, timeOf(value))),
  );
}

/** The time at which the unit around `time` began. */
export function beginOf(unit: TimeUnit, time: number): number {
  switch (unit) {
    case 'second':
      return floorTo(time, SECOND);
    case 'minute':
      return floorTo(time, MINUTE);
    case 'hour':
      return floorTo(time, HOUR);
    case 'day':
      return floorTo(time, DAY);
    case 'week':
      return floorTo(time, DAY) - (dayOfWeek(time) - 1) * DAY;
    case 'month':
      return beginOfMonth(time, 1);
    case 'quarter':
      return beginOfMonth(time, 3);
    case 'year':
      return beginOfMonth(time, 12);
  }
}

/** A part of a time. */
export function partOf(part: DatePart, time: number): number {
  const date = new Date(time);
  switch (part) {
    case 'year': {
      // PostgreSQL's calendar has no year 0: the year before 1 is -1.
      const year = date.getUTCFullYear();
      return year > 0 ? year : year - 1;
    }
    case 'quarter':
      return Math.floor(date.getUTCMonth() / 3) + 1;
    case 'month':
      return date.getUTCMonth() + 1;
    case 'day':
      return date.getUTCDate();
    case 'dayOfWeek':
      return dayOfWeek(time);
    case 'dayOfYear':
      return (floorTo(time, DAY) - beginOfMonth(time, 12)) / DAY + 1;
    case 'hour':
      return date.getUTCHours();
    case 'minute':
      return date.getUTCMinutes();
    case 'second':
      return date.getUTCSeconds();
  }
}

/** 1 for Monday to 7 for Sunday. */
function dayOfWeek(time: number): number {
  return new Date(time).getUTCDay() || 7;
}

/** The begin of the month, or of the `months` months of the year, around `time`. */
function beginOfMonth(time: number, months: number): number {
  const date = new Date(time);
  const first = new Date(0);
  // Date.UTC takes years below 100 for those of the 20th century.
  first.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() - (date.getUTCMonth() % months), 1);
  return first.getTime();
}

function floorTo(time: number, unit: number): number {
  return Math.floor(time / unit) * unit;
}

function timeOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : stored(value, DATE_PART);
}

function stored(time: unknown, name: string): number {
  if (typeof time === 'number' && !Number.isNaN(new Date(time).getTime())) return time;
  throw new TypeError(`${name} was given a value that is no time`);
}
