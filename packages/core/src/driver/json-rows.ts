import {
  AliasNode,
  ColumnNode,
  type Expression,
  ExpressionWrapper,
  IdentifierNode,
  LimitNode,
  ReferenceNode,
  SelectionNode,
  SelectQueryNode,
  TableNode,
  ValueNode,
} from 'kysely';

/** The name of the rows in {@link selectFromRows}. */
const ROWS = 'sluice_rows';

/** A query over the rows of another one. It consists of nodes that core knows not to write. @param limit the most rows. Default: all. */
export function selectFromRows(
  query: Expression<unknown>,
  selections: readonly { readonly value: Expression<unknown>; readonly name: string }[],
  limit?: number,
): Expression<unknown> {
  const select: SelectQueryNode = {
    ...SelectQueryNode.createFrom([AliasNode.create(query.toOperationNode(), IdentifierNode.create(ROWS))]),
    selections: selections.map(({ value, name }) =>
      SelectionNode.create(AliasNode.create(value.toOperationNode(), IdentifierNode.create(name))),
    ),
    ...(limit === undefined ? {} : { limit: LimitNode.create(ValueNode.createImmediate(limit)) }),
  };
  return new ExpressionWrapper(select);
}

/** A column of the rows in {@link selectFromRows}. */
export function columnOfRows(name: string): Expression<unknown> {
  return new ExpressionWrapper(ReferenceNode.create(ColumnNode.create(name), TableNode.create(ROWS)));
}

/** The whole row in {@link selectFromRows}, where the engine has rows as values. */
export function wholeRow(): Expression<unknown> {
  return new ExpressionWrapper(ColumnNode.create(ROWS));
}
