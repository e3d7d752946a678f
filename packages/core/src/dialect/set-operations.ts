import {
  AliasNode,
  IdentifierNode,
  type OperationNode,
  type OrderByItemNode,
  SelectionNode,
  SelectQueryNode,
} from 'kysely';
import { byCodePoint, isUncollated } from './collations.js';
import { commonType, type ExpressionType, isJson, isOwn, NUMERIC } from './expression-type.js';
import { unwrapped } from './expression-types.js';
import { WRAPPED } from './operands.js';
import { isExactBigint, nullsOf } from './orders.js';
import { columnName, selectedName, selectionsOf } from './query-scopes.js';
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
    if (walk.forms.isHidden(type) && isJson(type))
      throw walk.forms.untyped(node, type, 'told from others by its text, which equal values do not share');
    if (type?.name !== NUMERIC.name || type.scale !== undefined || !walk.forms.isHidden(type)) continue;
    throw walk.forms.untyped(
      node,
      type,
      'without a scale, so equal values of different scales would be told apart',
    );
  }
}

/**
 * Whether the order of a query must be put around it, because an expression stands for a column that does not sort by its stored form, and the query takes none:
 * a set operation, and one with DISTINCT or GROUP BY, is ordered by its columns, or what they are made of.
 */
export function isOrderedByValue(walk: Walk, node: SelectQueryNode): boolean {
  const { fetch, orderBy, setOperations } = node;
  if (orderBy === undefined || fetch !== undefined) return false;
  if (setOperations === undefined && walk.sql.byCodePoint === undefined) return false;
  const orders = orderBy.items.map((item) => orderOf(walk, node, item));
  if (setOperations === undefined && orders.some((order) => order === undefined)) return false;
  return orders.some((order) => order?.isReplaced);
}

/** A set operation is ordered only by its columns, so an order by an expression is put around it. @param transformed transforms all its parts. */
export function orderedAround(
  walk: Walk,
  node: SelectQueryNode,
  transformed: (node: SelectQueryNode) => SelectQueryNode,
): SelectQueryNode {
  const { orderBy, limit, offset, with: expressions, ...rest } = node;
  const items = (orderBy?.items ?? []).map((item) => {
    const orderBy = orderOf(walk, node, item)?.by ?? item.orderBy;
    const nulls = nullsOf(item);
    return nulls === undefined ? { ...item, orderBy } : { ...item, orderBy, nulls };
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

/** Whether the query is one that {@link orderedAround} made. */
export function isOrderOfQuery({ from }: SelectQueryNode): boolean {
  const [only] = from?.froms ?? [];
  return (
    only !== undefined && AliasNode.is(only) && IdentifierNode.is(only.alias) && only.alias.name === WRAPPED
  );
}

interface Order {
  readonly by: OperationNode;
  /** Whether it is another expression than the column itself. */
  readonly isReplaced: boolean;
}

/** What stands for a column of the result, by which a query is ordered; `undefined` when it is ordered by something else. */
function orderOf(walk: Walk, select: SelectQueryNode, { orderBy }: OrderByItemNode): Order | undefined {
  const name = columnName(orderBy);
  if (name === undefined || name.table !== undefined) return undefined;
  const isCombined = select.setOperations !== undefined;
  const selection = selectionsOf(select).find((each) => selectedName(each.selection) === name.column);
  if (!isCombined && selection === undefined) return undefined;
  const type = walk.scopes.columnsOf(select).get(name.column)?.type;
  if (!isCombined && isExactBigint(walk, selection && unwrapped(selection), type)) return undefined;
  if (isCombined) walk.forms.assertSorted(orderBy, type);
  if (isCombined && walk.sql.stored !== undefined && walk.operands.isCompared(type))
    return { by: walk.operands.comparable(orderBy, type), isReplaced: true };
  const isText = selection !== undefined && isUncollated(walk, selection, type);
  return { by: isText ? byCodePoint(walk, orderBy) : orderBy, isReplaced: isText };
}
