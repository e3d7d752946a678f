import {
  AggregateFunctionNode,
  AliasNode,
  type OperationNode,
  type OrderByItemNode,
  RawNode,
  SelectQueryNode,
} from 'kysely';
import { byCodePoint, isUncollated } from './collations.js';
import type { ExpressionType } from './expression-type.js';
import { repeated, unwrapped } from './expression-types.js';
import { columnName, selectedName, selectionsOf } from './query-scopes.js';
import { selectedType } from './selected-values.js';
import { declaredType } from './typed-expression.js';
import type { Walk } from './walk.js';

/** What sorts by value. @param made the transformed order. @param aliased the expression that the order names by its alias. */
export function byValue(
  walk: Walk,
  { orderBy }: OrderByItemNode,
  made: OperationNode,
  aliased: OperationNode | undefined,
): OperationNode {
  const given = aliased ?? orderBy;
  const type = aliased === undefined ? walk.types.of(given) : selectedType(walk.types, aliased);
  walk.forms.assertSorted(given, type);
  if (walk.forms.isDeclared) return made;
  const sorted = sortedBy(walk, given, type);
  if (sorted === undefined) return isExactBigint(walk, aliased, type) ? walk.transform(given) : made;
  const [parameter] = inRaw(given) !== undefined && RawNode.is(made) ? made.parameters : [];
  if (RawNode.is(made) && parameter !== undefined) {
    const ordered: RawNode = { ...made, parameters: [sorted(parameter)] };
    return ordered;
  }
  // Inside of an expression a name is that of a column, not that of a result.
  return sorted(aliased === undefined ? made : walk.transform(aliased));
}

/** How an expression is made one that sorts by value; `undefined` when it does. */
function sortedBy(
  walk: Walk,
  given: OperationNode,
  type: ExpressionType | undefined,
): ((node: OperationNode) => OperationNode) | undefined {
  if (walk.operands.isCompared(type)) return (node) => walk.operands.comparable(node, type);
  return isUncollated(walk, given, type) ? (node) => byCodePoint(walk, node) : undefined;
}

/** Whether a result is a bigint in a form that only carries it. */
export function isExactBigint(
  { sql }: Walk,
  aliased: OperationNode | undefined,
  type: ExpressionType | undefined,
): boolean {
  if (aliased === undefined || type?.name !== 'bigint' || !AggregateFunctionNode.is(aliased)) return false;
  return sql.aggregate?.(aliased, { name: type.name }) !== undefined;
}

/** What tells equal values from others: numerics of one scale are equal when their text is. */
export function toldByValue(walk: Walk, given: OperationNode, made: OperationNode): OperationNode {
  const type = walk.types.of(given);
  if (!walk.forms.isHidden(type) || type.scale !== undefined || !walk.operands.isCompared(type)) return made;
  const isAlias = columnName(made) !== undefined && columnName(given)?.column !== columnName(made)?.column;
  return walk.operands.comparable(isAlias ? walk.transform(given) : made, type);
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

/** Whether the value of an order may be NULL. */
export function mayBeNull(
  walk: Walk,
  { orderBy }: OrderByItemNode,
  aliased: OperationNode | undefined,
): boolean {
  return walk.scopes.named(aliased ?? orderBy)?.isNullable ?? true;
}

/**
 * Where an order puts NULLs: where the query says, otherwise as if NULL were larger than every value. `undefined` when raw SQL says it, or may: raw SQL without a
 * separate direction may contain its own.
 */
export function nullsOf({ orderBy, direction, nulls }: OrderByItemNode): 'first' | 'last' | undefined {
  if (nulls !== undefined) return nulls;
  if (direction === undefined) return RawNode.is(orderBy) ? undefined : 'last';
  const text = textOf(direction).replaceAll(NO_KEYWORDS, ' ');
  if (/\bnulls\b/i.test(text)) return undefined;
  return /\bdesc\b/i.test(text) ? 'first' : 'last';
}

/** Quoted names and comments. */
const NO_KEYWORDS = /"[^"]*"|--.*|\/\*[\s\S]*?\*\//g;

/** The text of raw SQL, and of raw SQL inside of it. */
function textOf(node: OperationNode): string {
  if (!RawNode.is(node)) return ' ';
  const { sqlFragments, parameters } = node;
  const inside = parameters.map(textOf);
  return sqlFragments.map((text, index) => text + (inside[index] ?? '')).join('');
}

/** The expression inside of raw SQL that adds a direction to it. */
function inRaw(given: OperationNode): OperationNode | undefined {
  const raw = unwrapped(given);
  return RawNode.is(raw) && declaredType(raw) === undefined ? repeated(raw) : undefined;
}

function aliasedBy(node: OperationNode, select: SelectQueryNode): OperationNode | undefined {
  const name = columnName(node);
  if (name === undefined || name.table !== undefined) return undefined;
  for (const { selection } of selectionsOf(select))
    if (AliasNode.is(selection) && selectedName(selection) === name.column) return selection.node;
  return undefined;
}
