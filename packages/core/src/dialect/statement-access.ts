import { type OperationNode, RawNode, SelectQueryNode } from 'kysely';
import type { Access } from '../driver/driver.js';

/**
 * Tells from a query's tree whether it only reads. A SELECT with raw SQL in it, with FOR UPDATE or with a writing WITH is `unknown`:
 * the driver finds out, or runs it where writing is safe.
 */
export function statementAccess(node: OperationNode): Access {
  if (RawNode.is(node)) return 'unknown';
  if (!SelectQueryNode.is(node)) return 'write';
  return holdsOnlyReads(node) ? 'read' : 'unknown';
}

const NOT_PURE: ReadonlySet<string> = new Set([
  'DeleteQueryNode',
  'InsertQueryNode',
  'MergeQueryNode',
  'RawNode',
  'SelectModifierNode',
  'UpdateQueryNode',
]);

function holdsOnlyReads(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(holdsOnlyReads);
  if (!('kind' in value)) return true;
  if (typeof value.kind === 'string' && NOT_PURE.has(value.kind)) return false;
  return value.kind === 'ValueNode' || Object.values(value).every(holdsOnlyReads);
}
