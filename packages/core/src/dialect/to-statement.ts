import {
  AlterTableNode,
  type CompiledQuery,
  type OperationNode,
  RawNode,
  SelectModifierNode,
  SelectQueryNode,
} from 'kysely';
import type { Access, Statement } from '../driver/driver.js';
import { isComment } from './result-types.js';

/** Turns a compiled Kysely query into the driver's statement. */
export function toStatement({ query, sql, parameters }: CompiledQuery): Statement {
  const statement = { sql, parameters, access: accessOf(query) };
  return AlterTableNode.is(query) ? { ...statement, alteration: query } : statement;
}

/** Whether a query may change the schema: it is none of the kinds that only touch rows, or raw SQL that begins like one that does more. */
export function mayChangeSchema({ query, sql }: CompiledQuery): boolean {
  if (RawNode.is(query)) return /^\s*(?:alter|create|drop)\b/i.test(sql);
  return !ROW_QUERIES.has(query.kind);
}

const ROW_QUERIES: ReadonlySet<string> = new Set([
  'DeleteQueryNode',
  'InsertQueryNode',
  'MergeQueryNode',
  'SelectQueryNode',
  'UpdateQueryNode',
]);

/**
 * Tells from a query's tree whether the query only reads. A SELECT that contains raw SQL, FOR UPDATE or a WITH that writes is `unknown`:
 * the driver finds out, or runs it where writing is safe.
 */
function accessOf(node: OperationNode): Access {
  if (RawNode.is(node)) return 'unknown';
  if (!SelectQueryNode.is(node)) return 'write';
  return containsOnlyReads(node) ? 'read' : 'unknown';
}

/** Kinds of nodes that write, lock, or may do anything. */
const IMPURE_NODES: ReadonlySet<string> = new Set([
  'DeleteQueryNode',
  'InsertQueryNode',
  'MergeQueryNode',
  'RawNode',
  'SelectModifierNode',
  'UpdateQueryNode',
]);

function containsOnlyReads(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(containsOnlyReads);
  if (!('kind' in value)) return true;
  if (SelectModifierNode.is(value as OperationNode) && isCommentModifier(value as SelectModifierNode))
    return true;
  if (typeof value.kind === 'string' && IMPURE_NODES.has(value.kind)) return false;
  return value.kind === 'ValueNode' || Object.values(value).every(containsOnlyReads);
}

/** Whether the modifier is the comment that core adds for the types of the result. */
function isCommentModifier({ rawModifier }: SelectModifierNode): boolean {
  return rawModifier !== undefined && isComment(rawModifier);
}
