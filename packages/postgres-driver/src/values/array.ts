import type { CatalogColumn, ValueTypeName } from '@sluice/core';
import type { Bound } from './parameters.js';

/** A varchar compares as text, and its index serves text; stored, its length is checked by its column. */
const ELEMENT_TYPES: Readonly<Partial<Record<ValueTypeName, string>>> = { varchar: 'text' };

/** Types whose text needs no quotes inside an array. */
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

/** Whether values of the column can travel in an array: those of the contract's types, which are no arrays themselves. */
export function fitsArray({ type }: CatalogColumn): boolean {
  return type !== undefined;
}

/** The type of an array of a column's values: `text[]`. Without length and precision, which a cast would silently apply. */
export function arrayType({ type, declaredType }: CatalogColumn): string {
  if (type === undefined) return `${declaredType}[]`;
  return `${ELEMENT_TYPES[type.name] ?? type.name}[]`;
}

/** Writes the values of one column as the text of an array. */
export function columnArray(column: CatalogColumn, values: readonly (Bound | undefined)[]): string {
  const isPlain = column.type !== undefined && PLAIN.has(column.type.name);
  return `{${values.map((value) => element(value, isPlain)).join(',')}}`;
}

function element(value: Bound | undefined, isPlain: boolean): string {
  if (value === null || value === undefined) return 'NULL';
  // The array's own quotes take a backslash before each backslash.
  if (typeof value !== 'string') return `"\\\\x${value.toString('hex')}"`;
  if (isPlain) return value;
  return value.includes('"') || value.includes('\\') ? `"${value.replace(/[\\"]/g, '\\$&')}"` : `"${value}"`;
}
