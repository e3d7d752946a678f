import { UnsupportedError } from '@sluice/core';
import {
  AliasNode,
  type DeleteQueryNode,
  FromNode,
  IdentifierNode,
  type InsertQueryNode,
  JoinNode,
  type OperationNode,
  RawNode,
  SelectQueryNode,
  TableNode,
  type UpdateQueryNode,
  ValuesNode,
} from 'kysely';

/**
 * The update, so that each new value is computed of the rows as they were before the statement, as in PostgreSQL. SQLite computes them row by row, and a sub-query
 * over the table would see the rows that are changed already; with a FROM it computes all of them first.
 */
export function computedFirst(node: UpdateQueryNode): UpdateQueryNode {
  const table = nameOf(node.table);
  if (node.from !== undefined || !readsRows(node.updates, table, node.with)) return node;
  return { ...node, from: FromNode.create([ONE_ROW]) };
}

const ONE_ROW = AliasNode.create(
  RawNode.createWithSql('(select 1)'),
  IdentifierNode.create('sluice_one_row'),
);

/** Refuses sub-queries that would see rows which the statement has changed already. @throws UnsupportedError. */
export function assertReadsOthers(node: DeleteQueryNode | InsertQueryNode | UpdateQueryNode): void {
  const table = nameOf(target(node));
  if (readsRows(node.returning, table, node.with)) throw refusal('RETURNING', table);
  if (node.kind !== 'InsertQueryNode') return;
  const { onConflict, values } = node as InsertQueryNode;
  const isSingle = values !== undefined && ValuesNode.is(values) && values.values.length === 1;
  if (!isSingle && readsRows(onConflict?.updates, table, node.with))
    throw refusal('ON CONFLICT DO UPDATE of several rows', table);
}

function refusal(place: string, table: string | undefined): UnsupportedError {
  return new UnsupportedError(
    `A sub-query over "${table ?? 'the table'}" in ${place} would see rows that the statement has changed already in SQLite, and not in PostgreSQL. Ask in a query of its own in the same transaction.`,
  );
}

function target(node: DeleteQueryNode | InsertQueryNode | UpdateQueryNode): OperationNode | undefined {
  if (node.kind === 'DeleteQueryNode') return (node as DeleteQueryNode).from.froms[0];
  return node.kind === 'InsertQueryNode' ? (node as InsertQueryNode).into : (node as UpdateQueryNode).table;
}

function nameOf(table: OperationNode | undefined): string | undefined {
  if (table === undefined) return undefined;
  if (AliasNode.is(table)) return nameOf(table.node);
  return TableNode.is(table) ? table.table.identifier.name : undefined;
}

/** Whether a sub-query in the part reads the table, perhaps through a WITH of the statement. */
function readsRows(
  part: unknown,
  table: string | undefined,
  expressions: OperationNode | undefined,
): boolean {
  const readsTable = (node: OperationNode): boolean =>
    sourcesOf(node).some((source) => nameOf(source) === table) || isRawQueryOf(node, table);
  const isQuery = (node: OperationNode): boolean =>
    isRawQueryOf(node, table) ||
    (SelectQueryNode.is(node) && (contains(node, readsTable) || contains(expressions, readsTable)));
  return contains(part, isQuery);
}

/** What a FROM or a join names. A table's name also stands before that of a column. */
function sourcesOf(node: OperationNode): readonly OperationNode[] {
  if (FromNode.is(node)) return node.froms;
  return JoinNode.is(node) ? [node.table] : [];
}

function isRawQueryOf(node: OperationNode, table: string | undefined): boolean {
  if (!RawNode.is(node)) return false;
  const text = node.sqlFragments.join(' ');
  return /\bselect\b/i.test(text) && (table === undefined || text.includes(table));
}

function contains(part: unknown, isMeant: (node: OperationNode) => boolean): boolean {
  if (typeof part !== 'object' || part === null) return false;
  if (Array.isArray(part)) return part.some((each) => contains(each, isMeant));
  if (!('kind' in part)) return false;
  return isMeant(part as OperationNode) || Object.values(part).some((each) => contains(each, isMeant));
}
