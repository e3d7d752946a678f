import {
  AggregateFunctionNode,
  AliasNode,
  type OperationNode,
  RawNode,
  SelectModifierNode,
  SelectQueryNode,
} from 'kysely';
import type { ValueType } from '../values/value-type.js';
import type { ExpressionType } from './expression-type.js';
import type { ExpressionTypes } from './expression-types.js';
import { isContractType, valueTypeOf } from './operands.js';
import { columnName, isAll, type QueryScopes, selectedName, selectionsOf } from './query-scopes.js';
import { selectedType } from './selected-values.js';
import type { Walk } from './walk.js';

/** Adds the types of the result's expressions to a whole query, for the driver. Those of the columns of tables it knows. */
export function addResultTypes<T extends OperationNode>(
  { scopes, sql: { stored }, types }: Walk,
  made: T,
  given: T,
): T {
  if (stored === undefined) return made;
  const hints = new Map<string, ResultType>();
  const isOfTables = !hasSetOperations(given);
  const isCombined = !isOfTables || scopes.hasDerived;
  const add = (name: string, type: ExpressionType | undefined): void => {
    // The engine may name the column of another part of a set operation.
    if (type?.name === 'whole' && isCombined) hints.set(name, 'whole');
    if (type === undefined || !isContractType(type)) return;
    if (stored.hidden.has(type.name)) hints.set(name, valueTypeOf(type));
    else if (type.name === 'bigint') hints.set(name, 'whole');
  };
  for (const { selection } of selectionsOf(given)) {
    if (scopes.hasDerived && isAll(selection)) addColumns(given, scopes, add);
    const name = selectedName(selection);
    if (name === undefined) continue;
    const column = columnName(AliasNode.is(selection) ? selection.node : selection);
    if (!isOfTables) add(name, scopes.columnsOf(given).get(name)?.type);
    else if (column === undefined) addExpression(selection, name, types, hints, add);
    else {
      const found = scopes.find(column.column, column.table);
      if (found?.stored === undefined) add(name, found?.type);
    }
  }
  return hints.size === 0 ? made : withComment(made, stored.resultTypes(hints));
}

type ResultType = ValueType | 'whole';

/** The columns of a set operation are those of no table. */
function hasSetOperations(node: OperationNode): boolean {
  return SelectQueryNode.is(node) && node.setOperations !== undefined;
}

function isExtreme(node: OperationNode): boolean {
  return AggregateFunctionNode.is(node) && /^(?:max|min)$/i.test(node.func);
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
  hints: Map<string, ResultType>,
  add: (name: string, type: ExpressionType | undefined) => void,
): void {
  const expression = AliasNode.is(selection) ? selection.node : selection;
  const type = selectedType(types, expression);
  // A whole number of an expression is a number while it is safe; the least or greatest of bigints is a bigint.
  if (type?.name === 'bigint' && isExtreme(expression)) hints.set(name, { name: type.name });
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
