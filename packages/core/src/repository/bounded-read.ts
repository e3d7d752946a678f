import type { OrderTerm } from './order.js';
import type { ShapeColumn, TableShape } from './table-shape.js';

/** Up to this limit, reading the rows takes no longer than passing them to another thread: half a millisecond for 1,000 small ones. */
const MAX_ROWS = 1000;

const LOWER: ReadonlySet<string> = new Set(['gt', 'gte']);
const UPPER: ReadonlySet<string> = new Set(['lt', 'lte']);

/**
 * Whether a query reads no more rows than its limit, whatever the table contains: it reads one range of the key's index, in the order of the
 * key, and at most {@link MAX_ROWS} rows. With any other condition or order the engine may scan every row.
 *
 * @param where the caller's condition, already validated.
 */
export function isBoundedRead(
  { key }: TableShape,
  where: unknown,
  terms: readonly OrderTerm[],
  limit: number,
): boolean {
  const [column, ...others] = key;
  if (limit > MAX_ROWS || column === undefined || others.length > 0) return false;
  if (column.isNullable || column.type === undefined) return false;
  if (column.type.name === 'numeric' && column.type.isScaled !== true) return false;
  return terms.every((term) => term.column === column) && isRangeOf(column, where);
}

function isRangeOf({ property }: ShapeColumn, where: unknown): boolean {
  if (where === undefined) return true;
  if (typeof where !== 'object' || where === null) return false;
  const entries = Object.entries(where);
  const [entry] = entries;
  return entries.length === 0 || (entries.length === 1 && entry?.[0] === property && isRange(entry[1]));
}

/** Whether the condition is a value, or has at most one bound on each side. With two bounds on one side SQLite seeks by one and filters by the other. */
function isRange(condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return condition !== undefined;
  const operators = Object.keys(condition);
  const lower = operators.filter((operator) => LOWER.has(operator)).length;
  const upper = operators.filter((operator) => UPPER.has(operator)).length;
  return lower <= 1 && upper <= 1 && lower + upper === operators.length;
}
