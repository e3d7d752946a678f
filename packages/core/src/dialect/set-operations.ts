import {
  AliasNode,
  IdentifierNode,
  type OperationNode,
  type OrderByItemNode,
  SelectionNode,
  SelectQueryNode,
} from 'kysely';
import { commonType, type ExpressionType, isOwn, NUMERIC } from './expression-type.js';
import { unwrapped } from './expression-types.js';
import { WRAPPED } from './operands.js';
import { defaultNulls } from './orders.js';
import { columnName } from './query-scopes.js';
import type { Walk } from './walk.js';

/** Refuses DISTINCT and set operations over columns whose stored forms would be told apart, or mixed. @throws UsageError `untyped_expression`. */
export function assertSameForms(walk: Walk, node: SelectQueryNode): void {
  const isDistinct = node.frontModifiers?.some(({ modifier }) => modifier === 'Distinct') === true;
  if (!isDistinct && node.setOperations === undefined) return;
  const columns = [...walk.scopes.columnsOf(node).values()];
  if (isDistinct)
    assertTold(
      walk,
      node,
      columns.map(({ type }) => type),
    );
  for (const { all, expression } of node.setOperations ?? []) {
    const others = [...walk.scopes.columnsOf(unwrapped(expression)).values()];
    if (others.length === columns.length)
      for (const [index, { type }] of columns.entries())
        assertSame(walk, expression, type, others[index]?.type);
    const combined = columns.map(({ type }, index) => commonType([type, others[index]?.type]));
    if (!all) assertTold(walk, node, combined);
  }
}

function assertSame(
  walk: Walk,
  node: OperationNode,
  left: ExpressionType | undefined,
  right: ExpressionType | undefined,
): void {
  const isFree = (type: ExpressionType | undefined): boolean => type !== undefined && !isOwn(type);
  if (isFree(left) || isFree(right)) return;
  if (left?.name === right?.name && commonType([left, right]) !== undefined) return;
  const hidden = [left, right].find((type) => walk.forms.isHidden(type));
  if (hidden === undefined) return;
  throw walk.forms.untyped(node, hidden, 'in one column with what has another type, or none that is known');
}

/** Numerics without a scale: the engine would tell 1.5 from 1.50. */
function assertTold(walk: Walk, node: OperationNode, types: readonly (ExpressionType | undefined)[]): void {
  for (const type of types) {
    if (type?.name !== NUMERIC.name || type.scale !== undefined || !walk.forms.isHidden(type)) continue;
    throw walk.forms.untyped(
      node,
      type,
      'without a scale, so equal values of different scales would be told apart',
    );
  }
}

/** Whether a set operation is ordered by a column that does not sort by its stored form. */
export function isOrderedByValue(walk: Walk, { orderBy, setOperations }: SelectQueryNode): boolean {
  if (setOperations === undefined) return false;
  return orderBy?.items.some((item) => orderedType(walk, item) !== undefined) ?? false;
}

/** A set operation is ordered only by its columns, so an order by an expression is put around it. @param transformed transforms all its parts. */
export function orderedAround(
  walk: Walk,
  node: SelectQueryNode,
  transformed: (node: SelectQueryNode) => SelectQueryNode,
): SelectQueryNode {
  const { orderBy, limit, offset, with: expressions, ...rest } = node;
  const items = (orderBy?.items ?? []).map((item) => {
    const type = orderedType(walk, item);
    const by = type === undefined ? item.orderBy : walk.operands.comparable(item.orderBy, type);
    return { ...item, orderBy: by, nulls: item.nulls ?? defaultNulls(item) };
  });
  const from = AliasNode.create(transformed(rest), IdentifierNode.create(WRAPPED));
  return {
    ...SelectQueryNode.createFrom([from]),
    selections: [SelectionNode.createSelectAll()],
    orderBy: { kind: 'OrderByNode', items },
    ...(limit === undefined ? {} : { limit: walk.transform(limit) }),
    ...(offset === undefined ? {} : { offset: walk.transform(offset) }),
    ...(expressions === undefined ? {} : { with: walk.transform(expressions) }),
  };
}

function orderedType(walk: Walk, { orderBy }: OrderByItemNode): ExpressionType | undefined {
  const select = walk.around(0);
  const name = columnName(orderBy);
  if (select === undefined || name === undefined || name.table !== undefined) return undefined;
  const type = walk.scopes.columnsOf(select).get(name.column)?.type;
  return walk.operands.isCompared(type) ? type : undefined;
}
