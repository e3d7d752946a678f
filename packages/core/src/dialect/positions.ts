import {
  AliasNode,
  ColumnNode,
  type OperationNode,
  type OrderByItemNode,
  RawNode,
  ReferenceNode,
  type SelectQueryNode,
  ValueNode,
} from 'kysely';
import { UsageError } from '../errors/usage-errors.js';
import { isAll, selectedName, selectionsOf } from './query-scopes.js';
import type { Walk } from './walk.js';

const POSITION = /^\s*(\d+)\s*(?:\b(asc|desc))?\s*(?:\bnulls\s+(first|last))?\s*$/i;

interface Position {
  /** The first column of the result has number 1. */
  readonly number: number;
  readonly direction: string | undefined;
  readonly nulls: string | undefined;
}

/** The query with the numbers of columns in ORDER BY replaced by what they stand for, so that it sorts as it would by the columns' names. */
export function orderedByNames(walk: Walk, node: SelectQueryNode): SelectQueryNode {
  const { orderBy } = node;
  if (orderBy?.items.some((item) => positionOf(item.orderBy) !== undefined) !== true) return node;
  return { ...node, orderBy: { ...orderBy, items: orderBy.items.map((item) => byName(walk, node, item)) } };
}

/** The expression of the result whose number GROUP BY gives; `undefined` when it gives none. */
export function groupedByPosition(
  select: OperationNode | undefined,
  groupBy: OperationNode,
): OperationNode | undefined {
  const position = positionOf(groupBy);
  if (position === undefined || select === undefined) return undefined;
  const selections = selectionsOf(select).slice(0, position.number);
  const selection = selections[position.number - 1]?.selection;
  if (selection === undefined || selections.some((each) => isAll(each.selection))) return undefined;
  return AliasNode.is(selection) ? selection.node : selection;
}

function byName(walk: Walk, select: SelectQueryNode, item: OrderByItemNode): OrderByItemNode {
  const position = positionOf(item.orderBy);
  if (position === undefined) return item;
  const orderBy = columnAt(walk, select, position.number);
  if (orderBy === undefined) return item;
  const { direction, nulls } = position;
  return {
    ...item,
    orderBy,
    ...(direction === undefined ? {} : { direction: RawNode.createWithSql(direction.toLowerCase()) }),
    ...(nulls === undefined ? {} : { nulls: nulls.toLowerCase() as 'first' | 'last' }),
  };
}

/** What names the column of the result with a number; `undefined` for a number beyond the last, which the engine refuses. @throws UsageError. */
function columnAt(walk: Walk, select: SelectQueryNode, number: number): OperationNode | undefined {
  const selections = selectionsOf(select).map(({ selection }) => selection);
  const hasAll = selections.some((selection) => isAll(selection));
  const name = hasAll ? nameOfAll(walk, select, number) : selectedNameAt(selections, number);
  if (name !== undefined) return ReferenceNode.create(ColumnNode.create(name));
  const selection = selections[number - 1];
  if (!hasAll && (selection === undefined || select.setOperations !== undefined)) return undefined;
  if (!hasAll && selection !== undefined && ReferenceNode.is(selection)) return selection;
  throw new UsageError(
    'invalid_query',
    `ORDER BY names column ${number} of the result by its number, and the result has no such column with a name of its own. Order by a name, or by the expression.`,
  );
}

function selectedNameAt(selections: readonly OperationNode[], number: number): string | undefined {
  const names = selections.map((selection) => selectedName(selection));
  const name = names[number - 1];
  return names.indexOf(name) === names.lastIndexOf(name) ? name : undefined;
}

/** The name of a column of the only table of a query that selects all columns. */
function nameOfAll(walk: Walk, select: SelectQueryNode, number: number): string | undefined {
  const isSingle =
    select.selections?.length === 1 && select.from?.froms.length === 1 && !select.joins?.length;
  if (!isSingle || !walk.scopes.knowsColumnsOf(select)) return undefined;
  return [...walk.scopes.columnsOf(select).keys()][number - 1];
}

function positionOf(node: OperationNode): Position | undefined {
  if (ValueNode.is(node)) {
    const { immediate = false, value } = node;
    const isNumber = immediate && typeof value === 'number' && Number.isInteger(value);
    return isNumber ? { number: value, direction: undefined, nulls: undefined } : undefined;
  }
  const text = RawNode.is(node) ? textOf(node) : undefined;
  const [, number, direction, nulls] = (text === undefined ? null : POSITION.exec(text)) ?? [];
  return number === undefined ? undefined : { number: Number(number), direction, nulls };
}

/** The SQL of a fragment whose only parameters are numbers that stand in it; `undefined` for any other. */
function textOf({ parameters, sqlFragments }: RawNode): string | undefined {
  const numbers = parameters.map((each) => positionOf(each)?.number);
  if (numbers.includes(undefined)) return undefined;
  return sqlFragments.map((text, index) => `${text}${numbers[index] ?? ''}`).join('');
}
