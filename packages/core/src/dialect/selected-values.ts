import {
  AggregateFunctionNode,
  AliasNode,
  CaseNode,
  CastNode,
  DataTypeNode,
  FunctionNode,
  type OperationNode,
  ParensNode,
  RawNode,
  SelectionNode,
  SelectQueryNode,
  ValueNode,
} from 'kysely';
import {
  BOOLEAN,
  commonType,
  DOUBLE,
  type ExpressionType,
  NULL,
  NUMERIC,
  TIMESTAMPTZ,
  WHOLE,
} from './expression-type.js';
import { type ExpressionTypes, PICKING, repeated, resultsOf, UNIFYING } from './expression-types.js';
import { selectionsOf } from './query-scopes.js';
import { asNode, type Walk } from './walk.js';

const BYTES: ExpressionType = { name: 'bytea' };
const MAX_INTEGER = 2 ** 31 - 1;

/** The type of what a query selects. A value of the caller that meets nothing with a type has that of its JavaScript type; a string and JSON have none of their own. */
export function selectedType(types: ExpressionTypes, selection: OperationNode): ExpressionType | undefined {
  const type = types.of(selection);
  return type?.name === 'given' ? (ofValues(selection) ?? type) : type;
}

/** A selection whose values of the caller have a type for the engine too, which takes a parameter for a text otherwise. @param made the selection, transformed. */
export function typedSelection(walk: Walk, node: SelectionNode, made: SelectionNode): SelectionNode {
  const { selection } = node;
  if (walk.sql.functions === undefined || !AliasNode.is(selection) || !AliasNode.is(made.selection))
    return made;
  if (walk.types.of(selection)?.name !== 'given') return made;
  const type = ofValues(selection);
  if (type === undefined) return made;
  const value = typedValue(walk, selection.node, made.selection.node, type);
  return { ...made, selection: { ...made.selection, node: asNode(value) } };
}

function typedValue(
  { sql }: Walk,
  given: OperationNode,
  made: OperationNode,
  { name }: ExpressionType,
): OperationNode {
  const isImmediate = ValueNode.is(given) && given.immediate === true;
  if (sql.stored !== undefined) {
    if (isImmediate) return name === 'numeric' ? ValueNode.createImmediate(String(given.value)) : made;
    return name === 'numeric' ? CastNode.create(made, DataTypeNode.create('text')) : made;
  }
  if (isImmediate || name === 'numeric') return made;
  return CastNode.create(made, DataTypeNode.create((name === 'whole' ? wholeTypeOf(given) : name) as 'text'));
}

function wholeTypeOf(given: OperationNode): 'bigint' | 'integer' {
  if (!ValueNode.is(given)) return 'bigint';
  return typeof given.value === 'number' && Math.abs(given.value) <= MAX_INTEGER ? 'integer' : 'bigint';
}

/** The common type of the values that the expression may give; `undefined` when it is not only made of values, or one has no type of its own. */
function ofValues(node: OperationNode): ExpressionType | undefined {
  if (ValueNode.is(node)) return ofValue(node);
  if (AliasNode.is(node) || ParensNode.is(node)) return ofValues(node.node);
  if (SelectionNode.is(node)) return ofValues(node.selection);
  if (CaseNode.is(node)) return ofAll(resultsOf(node));
  if (FunctionNode.is(node) && UNIFYING.has(node.func.toLowerCase())) return ofAll(node.arguments);
  if (AggregateFunctionNode.is(node) && PICKING.has(node.func.toLowerCase()))
    return ofAll(node.aggregated.slice(0, 1));
  if (SelectQueryNode.is(node)) return ofAll(selectionsOf(node).slice(0, 1));
  const inner = RawNode.is(node) ? repeated(node) : undefined;
  return inner === undefined ? undefined : ofValues(inner);
}

function ofAll(nodes: readonly OperationNode[]): ExpressionType | undefined {
  const types = nodes.map((node) => ofValues(node));
  const common = commonType(types);
  return common?.name === 'null' ? undefined : common;
}

function ofValue({ immediate = false, value }: ValueNode): ExpressionType | undefined {
  if (value === null) return NULL;
  if (value instanceof Date) return TIMESTAMPTZ;
  if (value instanceof Uint8Array) return BYTES;
  if (typeof value === 'boolean') return BOOLEAN;
  if (typeof value === 'bigint' || Number.isInteger(value)) return WHOLE;
  if (typeof value !== 'number') return undefined;
  return immediate ? NUMERIC : DOUBLE;
}
