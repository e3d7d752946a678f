import { type Expression, type SqlBool, sql } from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import { functionCall } from '../driver/function-call.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { UnsupportedError } from '../errors/usage-errors.js';
import { assertPattern } from '../values/like-pattern.js';
import type { ShapeColumn } from './table-shape.js';

/** The operators that look for a part of a text, and what LIKE makes of their operand. */
export const PATTERNS: Readonly<
  Record<'contains' | 'endsWith' | 'like' | 'startsWith', (text: string) => string>
> = {
  contains: (text) => `%${escapeLike(text)}%`,
  endsWith: (text) => `%${escapeLike(text)}`,
  like: (text) => text,
  startsWith: (text) => `${escapeLike(text)}%`,
};

/** The operators that ignore the case beside `caseInsensitive: true`. */
const FOLDING: ReadonlySet<string> = new Set(['eq', 'in', 'ne', 'notIn', ...Object.keys(PATTERNS)]);

/** The pattern of LIKE for an operator. @throws UsageError `invalid_query`. */
export function patternOf(column: ShapeColumn, operator: string, operand: unknown): string {
  if (column.type !== undefined && !isText(column)) {
    throw invalidQuery(`"${column.property}" ${operator} applies to text; the column is ${column.type.name}`);
  }
  if (typeof operand !== 'string') throw invalidQuery(`"${column.property}" ${operator} takes a string`);
  if (operator === 'like') assertPattern(operand);
  return PATTERNS[operator as keyof typeof PATTERNS](operand);
}

/** Whether the conditions of a column ignore the case. @throws UsageError `invalid_query` when they cannot. */
export function ignoresCase(column: ShapeColumn, conditions: Readonly<Record<string, unknown>>): boolean {
  const { caseInsensitive } = conditions;
  if (typeof caseInsensitive !== 'boolean')
    throw invalidQuery(`"${column.property}" caseInsensitive takes true or false`);
  if (!caseInsensitive) return false;
  if (!isText(column)) throw invalidQuery(`"${column.property}" caseInsensitive applies to text`);
  const operators = Object.keys(conditions).filter((operator) => operator !== 'caseInsensitive');
  const other = operators.find((operator) => !FOLDING.has(operator));
  if (other === undefined) return true;
  throw invalidQuery(
    `"${column.property}" ${other} does not go with caseInsensitive; these do: ${[...FOLDING].join(', ')}`,
  );
}

/** The text with the letters A to Z in lower case, as {@link foldedText} makes them. */
export function foldedValue(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) : value;
}

/** The text with the letters A to Z in lower case, on every engine: SQLite's `lower` knows no others, PostgreSQL's none in the order of code points. */
export function foldedText(databaseSql: DatabaseSql, text: Expression<unknown>): Expression<unknown> {
  return functionCall('lower', databaseSql.byCodePoint?.(text) ?? text);
}

/** The least bytes that sort after all that begin with `prefix`; `undefined` when there are none. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return undefined;
  const after = prefix.slice(0, last + 1);
  after[last] = (prefix[last] ?? 0) + 1;
  return after;
}

/** Whether bytes end with others: `length` gives how many these are, and is called before `part`. SQLite's `substr` of no bytes is NULL. */
export function bytesEndWith(
  bytes: Expression<unknown>,
  length: () => Expression<unknown>,
  part: () => Expression<unknown>,
): Expression<SqlBool> {
  return sql<SqlBool>`(length(${bytes}) >= ${length()} and substr(${bytes}, length(${bytes}) - ${length()} + 1) = ${part()})`;
}

/** Whether bytes contain `part`. @throws UnsupportedError when the driver does not say how. */
export function bytesContain(
  databaseSql: DatabaseSql,
  bytes: Expression<unknown>,
  part: Expression<unknown>,
): Expression<SqlBool> {
  if (databaseSql.bytesContain !== undefined) return databaseSql.bytesContain(bytes, part);
  throw new UnsupportedError('The driver does not look for bytes in bytes; use `startsWith` or `endsWith`.');
}

function isText({ type }: ShapeColumn): boolean {
  return type?.name === 'text' || type?.name === 'varchar';
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}
