import type { CatalogColumn, ValueTypeName } from '@sluice/core';
import type { Bound } from './parameters.js';

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
