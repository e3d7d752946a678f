import { AliasNode, type OperationNode, type OrderByItemNode, RawNode, SelectQueryNode } from 'kysely';
import { repeated, unwrapped } from './expression-types.js';
import { columnName, selectedName, selectionsOf } from './query-scopes.js';
import { declaredType } from './typed-expression.js';
import type { Walk } from './walk.js';

/** What sorts by value. @param given the expression that `made` was, or that it names by its alias. */
export function byValue(walk: Walk, given: OperationNode, made: OperationNode): OperationNode {
  const type = walk.types.of(given);
  if (!walk.operands.isCompared(type) || walk.forms.isDeclared) return made;
  const inner = inRaw(given);
  const [parameter] = inner !== undefined && RawNode.is(made) ? made.parameters : [];
  if (RawNode.is(made) && parameter !== undefined) {
    const ordered: RawNode = { ...made, parameters: [walk.operands.comparable(parameter, type)] };
    return ordered;
  }
  return walk.operands.comparable(isAliasOf(given, made) ? walk.transform(given) : made, type);
}

/** What tells equal values from others: numerics of one scale are equal when their text is. */
export function toldByValue(walk: Walk, given: OperationNode, made: OperationNode): OperationNode {
  const type = walk.types.of(given);
  if (!walk.forms.isHidden(type) || type.scale !== undefined || !walk.operands.isCompared(type)) return made;
  return walk.operands.comparable(isAliasOf(given, made) ? walk.transform(given) : made, type);
}

/** The expression that a query orders by under its alias; `undefined` when it orders by no alias. */
export function orderedByAlias(walk: Walk, orderBy: OperationNode): OperationNode | undefined {
  const select = walk.around(2);
  return select !== undefined && SelectQueryNode.is(select) ? aliasedBy(orderBy, select) : undefined;
}

/** The expression that GROUP BY names by its alias, where no column has the name; otherwise what it names. */
export function groupedBy(walk: Walk, groupBy: OperationNode): OperationNode {
  const name = columnName(groupBy);
  if (name === undefined || walk.scopes.find(name.column, name.table) !== undefined) return groupBy;
  return orderedByAlias(walk, groupBy) ?? groupBy;
}

/** Whether the value of an order may be NULL. Raw SQL without a separate direction may contain its own; nothing is added to it. */
export function mayBeNull(
  walk: Walk,
  { orderBy, direction }: OrderByItemNode,
  aliased: OperationNode | undefined,
): boolean {
  if (RawNode.is(orderBy) && direction === undefined) return false;
  return walk.scopes.named(aliased ?? orderBy)?.isNullable ?? true;
}

/** NULL sorts as if it were larger than every value. */
export function defaultNulls({ direction }: OrderByItemNode): 'first' | 'last' {
  const text = direction !== undefined && RawNode.is(direction) ? direction.sqlFragments.join('') : '';
  return text.trim().toLowerCase() === 'desc' ? 'first' : 'last';
}

/** The expression inside of raw SQL that adds a direction to it. */
function inRaw(given: OperationNode): OperationNode | undefined {
  const raw = unwrapped(given);
  return RawNode.is(raw) && declaredType(raw) === undefined ? repeated(raw) : undefined;
}

function isAliasOf(given: OperationNode, made: OperationNode): boolean {
  return columnName(made) !== undefined && columnName(given) === undefined;
}

function aliasedBy(node: OperationNode, select: SelectQueryNode): OperationNode | undefined {
  const name = columnName(node);
  if (name === undefined || name.table !== undefined) return undefined;
  for (const { selection } of selectionsOf(select))
    if (AliasNode.is(selection) && selectedName(selection) === name.column) return selection.node;
  return undefined;
}
