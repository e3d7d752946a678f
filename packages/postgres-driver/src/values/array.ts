import type { CatalogColumn, CheckedArray, CheckedValue, ValueTypeName } from '@sluice/core';
import { type Bound, encodeValue } from './parameters.js';
import { formatElement } from './text.js';

/** Indexes of varchar columns are indexes on text, so a varchar is compared as text. The column checks the length of a stored value. */
const ELEMENT_TYPES: Readonly<Partial<Record<ValueTypeName, string>>> = { varchar: 'text' };

/** Types whose text needs no quotes in an array. */
const PLAIN: ReadonlySet<ValueTypeName> = new Set([
  'bigint',
  'boolean',
  'date',
  'double precision',
  'integer',
  'numeric',
  'smallint',
  'uuid',
]);

/** Whether values of the column can be sent as an array's elements: those of the contract's types, which are not arrays themselves. */
export function fitsArray({ type }: CatalogColumn): boolean {
  return type !== undefined;
}

/** The type of an array of a column's values: `text[]`. It has no length and precision, because a cast would apply them silently. */
export function arrayType({ type, declaredType }: CatalogColumn): string {
  if (type === undefined) return `${declaredType}[]`;
  return `${ELEMENT_TYPES[type.name] ?? type.name}[]`;
}

/** Formats the values of one column as the text of an array. */
export function columnArray(column: CatalogColumn, values: readonly (Bound | undefined)[]): string {
  const isPlain = column.type !== undefined && PLAIN.has(column.type.name);
  return `{${values.map((value) => element(value, isPlain)).join(',')}}`;
}

function element(value: Bound | undefined, isPlain: boolean): string {
  if (value === null || value === undefined) return 'NULL';
  // Inside the quotes of an array's element a backslash is doubled.
  if (typeof value !== 'string') return `"\\\\x${value.toString('hex')}"`;
  if (isPlain) return value;
  return value.includes('"') || value.includes('\\') ? `"${value.replace(/[\\"]/g, '\\$&')}"` : `"${value}"`;
}

/** Formats an array of checked values, with its dimensions, as PostgreSQL's text. */
export function arrayText(values: CheckedArray): string {
  return `{${values.map((value) => (isArray(value) ? arrayText(value) : value === null ? 'NULL' : formatElement(encodeValue(value)))).join(',')}}`;
}

function isArray(value: CheckedArray | CheckedValue): value is CheckedArray {
  return Array.isArray(value);
}

/** Parses PostgreSQL's text of an array whose elements are separated by commas, with its dimensions (postgresql.org/docs/current/arrays.html#ARRAYS-IO). */
export function parseArray(text: string, decode: (element: string) => unknown): unknown[] {
  // Bounds other than from 1 stand before the elements: `[0:1]={1,2}`.
  let at = text.indexOf('{');
  return parseDimension();

  function parseDimension(): unknown[] {
    const elements: unknown[] = [];
    at += 1;
    while (text[at] !== '}') {
      if (text[at] === '{') elements.push(parseDimension());
      else if (text[at] === '"') elements.push(decode(parseQuoted()));
      else elements.push(parsePlain());
      if (text[at] === ',') at += 1;
    }
    at += 1;
    return elements;
  }

  function parsePlain(): unknown {
    const start = at;
    while (text[at] !== ',' && text[at] !== '}') at += 1;
    const element = text.slice(start, at);
    return element === 'NULL' ? null : decode(element);
  }

  function parseQuoted(): string {
    let element = '';
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === '\\') at += 1;
      element += text[at];
    }
    at += 1;
    return element;
  }
}
