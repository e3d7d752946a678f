import { type Row, UsageError, ValueError } from '@sluice/core';
import type { Bound, Field } from './pglite-thread.js';

/** Turns a parameter into what PostgreSQL takes, by its own type. PostgreSQL infers from its place what it is to be. */
export function bind(value: unknown): Bound {
  if (value === null || value instanceof Uint8Array) return value;
  if (value instanceof Date) return formatTimestamp(value);
  switch (typeof value) {
    case 'string':
      if (value.includes('\0') || !value.isWellFormed())
        throw new ValueError('A text holds U+0000 or half of a surrogate pair.');
      return value;
    case 'number':
      if (Number.isNaN(value) || Object.is(value, -0))
        throw new ValueError('NaN and -0 are not numbers of the contract.');
      return String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      return bind(JSON.stringify(value));
    default:
      throw new UsageError(
        'invalid_query',
        `A parameter is ${value === undefined ? 'undefined' : `a ${typeof value}`}.`,
      );
  }
}

/** Writes a Date so that PostgreSQL reads the same moment, before Christ and after the year 9999 too. */
export function formatTimestamp(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new ValueError('A Date is invalid.');
  const year = date.getUTCFullYear();
  const rest = date.toISOString().replace(/^[+-]?\d+/, '');
  return year > 0
    ? `${String(year).padStart(4, '0')}${rest}`
    : `${String(1 - year).padStart(4, '0')}${rest} BC`;
}

/** Turns a row of text into the contract's values (C1). A column named `__proto__` is one like any other. */
export function decodeRow(fields: readonly Field[], values: readonly (string | null)[]): Row {
  const entries = fields.map((field, index) => {
    const text = values[index] ?? null;
    return [field.name, text === null ? null : (DECODERS[field.dataTypeID]?.(text, field) ?? text)] as const;
  });
  return Object.fromEntries(entries);
}

/** By the object identifiers of PostgreSQL's types, the same in every database. All others keep their text. */
const DECODERS: Readonly<Record<number, ((text: string, field: Field) => unknown) | undefined>> = {
  16: (text) => text === 't',
  17: (text) => Uint8Array.from(Buffer.from(text.slice(2), 'hex')),
  20: (text, { tableID }) => (tableID === 0 ? parseCount(text) : BigInt(text)),
  21: Number,
  23: Number,
  26: Number,
  114: (text) => JSON.parse(text),
  700: Number,
  701: Number,
  1184: parseTimestamp,
  1562: (text) => BigInt.asIntN(64, BigInt(`0b${text}`)), // The extreme of a bigint column; see PgliteSql.
  3802: (text) => JSON.parse(text),
};

/** `count(*)` and its like: a number while it is exact. */
function parseCount(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function parseTimestamp(text: string, { name, tableID }: Field): Date {
  const [, year, rest, fraction = '', era] =
    /^(\d+)(-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d+))?\+00( BC)?$/.exec(text) ?? [];
  const date = new Date(`2000${rest}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  date.setUTCFullYear(
    era === undefined ? Number(year) : 1 - Number(year),
    Number(rest?.slice(1, 3)) - 1,
    Number(rest?.slice(4, 6)),
  );
  // What is computed, such as now(), is cut to the millisecond; what is stored is not.
  const isExact = fraction.length <= 3 || tableID === 0;
  if (Number.isNaN(date.getTime()) || !isExact)
    throw new ValueError(`The column "${name}" holds a time that no Date can hold.`);
  return date;
}
