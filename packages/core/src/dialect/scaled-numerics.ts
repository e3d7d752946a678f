import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  ParensNode,
  ReferenceNode,
  SelectionNode,
  SelectQueryNode,
  TableNode,
} from 'kysely';
import { UsageError } from '../errors/usage-errors.js';
import { asText, type ExpressionType } from './expression-type.js';
import { unwrapped } from './expression-types.js';
import { WRAPPED } from './operands.js';
import { columnName, isAll, type NamedColumn, selectedName } from './query-scopes.js';
import type { Walk } from './walk.js';

/** Makes another expression of one, or leaves it. */
export type Convert = (node: OperationNode) => OperationNode;

/** An expression as it is outside of the engine's own forms: a numeric as decimal text. @param made the expression `given`, transformed. */
export function textOf(walk: Walk, given: OperationNode, made: OperationNode): OperationNode {
  const type = walk.types.of(given);
  return type === undefined ? made : walk.operands.coerced(made, type, asText(type));
}

/** The queries of a set operation with one form in each column: a numeric is text unless it is a whole number of one scale in all. @param made the query `given`, transformed. */
export function combinedForms(walk: Walk, given: SelectQueryNode, made: SelectQueryNode): SelectQueryNode {
  const { setOperations = [], orderBy, limit, offset, with: expressions, ...own } = made;
  const types = walk.scopes.columnList(given).map(([, { type }]) => type);
  const first = converted(own as SelectQueryNode, given, walk.scopes.ownColumns(given), (type, index) =>
    toForm(walk, type, types[index]),
  );
  const others = setOperations.map((operation, index) => {
    const member = given.setOperations?.[index]?.expression;
    if (member === undefined) return operation;
    return {
      ...operation,
      expression: convertedQuery(operation.expression, member, walk.scopes.columnList(member), (type, at) =>
        toForm(walk, type, types[at]),
      ),
    };
  });
  return {
    ...first,
    setOperations: others,
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
    ...(expressions === undefined ? {} : { with: expressions }),
  };
}

/** A query whose result the engine keeps without the types, with numerics as text. @param isView whether the engine tells the types of columns that are nothing but columns. */
export function keptAsText(
  walk: Walk,
  given: OperationNode,
  made: OperationNode,
  isView: boolean,
): OperationNode {
  return convertedQuery(made, given, walk.scopes.columnList(given), (type, _index, column) =>
    isView && column.stored !== undefined ? undefined : toForm(walk, type, type && asText(type)),
  );
}

/** How an expression of type `from` is made decimal text; `undefined` when it is no scaled numeric, or `to` is one too. */
export function toForm(
  walk: Walk,
  from: ExpressionType | undefined,
  to: ExpressionType | undefined,
): Convert | undefined {
  if (from?.isScaled !== true || to?.isScaled === true) return undefined;
  return (node) => walk.operands.coerced(node, from, asText(from));
}

/** Chooses the conversion of a column of a result. */
type Choose = (
  type: ExpressionType | undefined,
  index: number,
  column: NamedColumn[1],
) => Convert | undefined;

/** A query with other expressions in its columns. @param made the query `given`, transformed. */
export function convertedQuery(
  made: OperationNode,
  given: OperationNode,
  columns: readonly NamedColumn[],
  choose: Choose,
): OperationNode {
  if (ParensNode.is(made))
    return { ...made, node: convertedQuery(made.node, unwrapped(given), columns, choose) } as ParensNode;
  if (!SelectQueryNode.is(made)) return made;
  return converted(made, given, columns, choose);
}

function converted(
  made: SelectQueryNode,
  given: OperationNode,
  columns: readonly NamedColumn[],
  choose: Choose,
): SelectQueryNode {
  const conversions = columns.map(([, column], index) => choose(column.type, index, column));
  if (conversions.every((convert) => convert === undefined)) return made;
  const { selections = [], orderBy, distinctOn, setOperations } = made;
  const isPlain =
    [orderBy, distinctOn, setOperations].every((part) => part === undefined) &&
    selections.length === columns.length &&
    !selections.some(({ selection }) => isAll(selection));
  if (!isPlain) return around(made, given, columns, conversions);
  return {
    ...made,
    selections: selections.map(({ selection }, index) => {
      const convert = conversions[index];
      return SelectionNode.create(
        convert === undefined ? (selection as ColumnNode) : named(selection, convert),
      );
    }),
  };
}

/** The selection with another expression, under its name. */
function named(selection: OperationNode, convert: Convert): AliasNode {
  if (AliasNode.is(selection)) return AliasNode.create(convert(selection.node), selection.alias);
  const name = selectedName(selection) ?? columnName(selection)?.column ?? WRAPPED;
  return AliasNode.create(convert(selection), IdentifierNode.create(name));
}

/** A query around another one that converts its columns by their names. @throws UsageError. */
function around(
  made: SelectQueryNode,
  given: OperationNode,
  columns: readonly NamedColumn[],
  conversions: readonly (Convert | undefined)[],
): SelectQueryNode {
  const names = new Set(columns.map(([name]) => name));
  const isNamed = names.size === columns.length && SelectQueryNode.is(given);
  if (!isNamed)
    throw new UsageError(
      'untyped_expression',
      'Columns of this query hold numerics in different forms, and are not told by their names. Name its columns, each once.',
    );
  return {
    ...SelectQueryNode.createFrom([AliasNode.create(made, IdentifierNode.create(WRAPPED))]),
    selections: columns.map(([name], index) => {
      const column = ReferenceNode.create(ColumnNode.create(name), TableNode.create(WRAPPED));
      const convert = conversions[index];
      return SelectionNode.create(convert === undefined ? column : named(column, convert));
    }),
  } as SelectQueryNode;
}
