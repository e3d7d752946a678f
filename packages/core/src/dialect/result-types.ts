import {
  AggregateFunctionNode,
  AliasNode,
  type OperationNode,
  RawNode,
  ReferenceNode,
  SelectAllNode,
  SelectModifierNode,
  type SelectQueryNode,
} from 'kysely';
import type { StoredForms } from '../driver/driver.js';
import type { ValueTypeName } from '../values/value-type.js';
import type { ExpressionType } from './expression-type.js';
import type { ExpressionTypes } from './expression-types.js';
import { columnName, type QueryScopes, selectedName, selectionsOf } from './query-scopes.js';

/** Adds the types of the result's expressions to a query, for the driver. Those of the columns of tables it knows. */
export function addResultTypes<T extends OperationNode>(
  made: T,
  given: T,
  scopes: QueryScopes,
  types: ExpressionTypes,
  { hidden, resultTypes }: StoredForms,
): T {
  const hints = new Map<string, ValueTypeName>();
  const add = (name: string, type: ExpressionType | undefined): void => {
    if (type !== undefined && hidden.has(type.name as ValueTypeName))
      hints.set(name, type.name as ValueTypeName);
  };
  for (const { selection } of selectionsOf(given)) {
    if (scopes.hasDerived && isAll(selection)) addColumns(given, scopes, add);
    const name = selectedName(selection);
    if (name === undefined) continue;
    const column = columnName(AliasNode.is(selection) ? selection.node : selection);
    if (column === undefined) addExpression(selection, name, types, hints, add);
    else {
      const found = scopes.find(column.column, column.table);
      if (found?.stored === undefined) add(name, found?.type);
    }
  }
  return hints.size === 0 ? made : withComment(made, resultTypes(hints));
}

function isAll(selection: OperationNode): boolean {
  return SelectAllNode.is(selection) || (ReferenceNode.is(selection) && SelectAllNode.is(selection.column));
}

function addColumns(
  given: OperationNode,
  scopes: QueryScopes,
  add: (name: string, type: ExpressionType | undefined) => void,
): void {
  for (const [name, { stored, type }] of scopes.columnsOf(given)) if (stored === undefined) add(name, type);
}

function addExpression(
  selection: OperationNode,
  name: string,
  types: ExpressionTypes,
  hints: Map<string, ValueTypeName>,
  add: (name: string, type: ExpressionType | undefined) => void,
): void {
  const expression = AliasNode.is(selection) ? selection.node : selection;
  const type = types.of(expression);
  // A whole number of an expression is a number while it is safe; the least or greatest of a column of bigints is a bigint.
  if (type?.name === 'bigint' && AggregateFunctionNode.is(expression)) hints.set(name, type.name);
  else add(name, type);
}

/** It is part of the query, so that it passes through every plugin. */
function withComment<T extends OperationNode>(made: T, text: string): T {
  const comment = SelectModifierNode.createWithExpression(RawNode.createWithSql(text));
  const { endModifiers = [] } = made as unknown as Pick<SelectQueryNode, 'endModifiers'>;
  return { ...made, endModifiers: [...endModifiers, comment] };
}

/** Whether the node is raw SQL that is one comment. */
export function isComment(node: OperationNode): boolean {
  if (!RawNode.is(node) || node.sqlFragments.length !== 1) return false;
  const [text = ''] = node.sqlFragments;
  return text.startsWith('/*') && text.indexOf('*/', 2) === text.length - 2;
}
