/** A point in time, counted from 2000-01-01 as in PostgreSQL's binary formats. */
export interface Moment {
  /** Whole seconds since 2000-01-01, in UTC; in local time for text without a time zone. */
  readonly seconds: number;
  /** 0 to 999,999. */
  readonly micros: number;
  /** `none`: the text has no time zone; `utc`: Z or an offset of 0; `offset`: any other offset. */
  readonly zone: 'none' | 'offset' | 'utc';
  /** Digits of the seconds' fraction. */
  readonly digits: number;
}

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?:(Z)|([+-])(\d\d):?(\d\d))?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Parses `YYYY-MM-DD` as days since 2000-01-01; `undefined` when there is no such day, as 2024-02-31. */
export function parseDay(text: string): number | undefined {
  const match = DATE.exec(text);
  return match === null ? undefined : dayNumber(Number(match[1]), Number(match[2]), Number(match[3]));
}

/**
 * Parses `YYYY-MM-DD HH:MM[:SS[.ffffff]][Z|±HH:MM]`, with a T or a space in the middle; `undefined` for any other text, and for a day or time
 * that does not exist. Text with more than six digits is not accepted: PostgreSQL stores microseconds.
 */
export function parseMoment(text: string): Moment | undefined {
  return text.length === 19 ? parsePlainMoment(text) : parseAnyMoment(text);
}

/** Parses the most common form, `YYYY-MM-DD HH:MM:SS`, without a regular expression, which would cost more. */
function parsePlainMoment(text: string): Moment | undefined {
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const isPunctuated =
    text[4] === '-' &&
    text[7] === '-' &&
    (text[10] === ' ' || text[10] === 'T') &&
    text[13] === ':' &&
    text[16] === ':';
  // A part that is not a number is NaN, and no comparison with NaN is true.
  if (!isPunctuated || !(hour < 24 && minute < 60 && second < 60)) return parseAnyMoment(text);
  const days = dayNumber(year, twoDigits(text, 5), twoDigits(text, 8));
  if (days === undefined) return undefined;
  return { seconds: days * 86_400 + hour * 3600 + minute * 60 + second, micros: 0, zone: 'none', digits: 0 };
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function parseAnyMoment(text: string): Moment | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', utc, sign, zoneHour, zoneMinute] =
    match;
  const days = dayNumber(Number(year), Number(month), Number(day));
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = sign === undefined ? 0 : Number(zoneHour) * 3600 + Number(zoneMinute) * 60;
  if (offset >= 16 * 3600) return undefined;
  const local = days * 86_400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  return {
    seconds: sign === '-' ? local + offset : local - offset,
    micros: Number(fraction.padEnd(6, '0')),
    zone: utc === undefined && sign === undefined ? 'none' : offset === 0 ? 'utc' : 'offset',
    digits: fraction.length,
  };
}

/** Days since 2000-01-01; `undefined` when there is no such day. SQLite has a year 0000, PostgreSQL has none. */
function dayNumber(year: number, month: number, day: number): number | undefined {
  const isDay = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
  if (!isDay) return undefined;
  // The algorithm days_from_civil (Howard Hinnant, chrono-compatible low-level date algorithms), with the epoch 2000-01-01.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 730_425;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Seconds from 1970-01-01 to 2000-01-01. */
export const EPOCH_SECONDS = 946_684_800;

/** The point in time of milliseconds since 1970. */
export function momentOfMs(ms: number): Moment {
  const seconds = Math.floor(ms / 1000);
  const micros = Math.round((ms - seconds * 1000) * 1000);
  return { seconds: seconds - EPOCH_SECONDS, micros, zone: 'utc', digits: 3 };
}

/** The point in time of a Julian day number, as SQLite's julianday() returns it, to the millisecond. */
export function momentOfJulianDay(day: number): Moment {
  return momentOfMs(Math.round((day - 2_440_587.5) * 86_400_000));
}
