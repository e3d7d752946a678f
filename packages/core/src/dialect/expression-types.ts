import {
  type AggregateFunctionNode,
  AliasNode,
  AndNode,
  type BinaryOperationNode,
  type CaseNode,
  type CastNode,
  DataTypeNode,
  type FunctionNode,
  JSONOperatorChainNode,
  type JSONReferenceNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  type RawNode,
  SelectionNode,
  type SelectQueryNode,
  type UnaryOperationNode,
  ValueListNode,
  ValueNode,
} from 'kysely';
import { parseValueType } from '../values/value-type.js';
import {
  arithmeticType,
  BOOLEAN,
  commonType,
  DOUBLE,
  type ExpressionType,
  GIVEN,
  isOwn,
  isWhole,
  NULL,
  NUMERIC,
  TEXT,
  TIMESTAMPTZ,
  WHOLE,
} from './expression-type.js';
import { isPortable, isRelation, PORTABLE_RESULTS } from './portable-results.js';
import { columnName, type QueryScopes, selectionsOf } from './query-scopes.js';
import { kyselyRelation, relationType } from './relations.js';
import { declaredType } from './typed-expression.js';

/** Comparisons of two values of one type. */
export const COMPARISONS: ReadonlySet<string> = new Set([
  '!=',
  '<',
  '<=',
  '<>',
  '=',
  '==',
  '>',
  '>=',
  'between',
  'between symmetric',
  'in',
  'is distinct from',
  'is not distinct from',
  'not in',
]);

/** Operators whose result is true or false, beside {@link COMPARISONS}. */
const PREDICATES: ReadonlySet<string> = new Set([
  '!~',
  '!~*',
  '&&',
  '<@',
  '?',
  '?&',
  '?|',
  '@>',
  '@@',
  'ilike',
  'is',
  'is not',
  'like',
  'match',
  'not ilike',
  'not like',
  'not similar to',
  'regexp',
  'similar to',
  '~',
  '~*',
]);

export const ARITHMETIC: ReadonlySet<string> = new Set(['%', '*', '+', '-', '/']);

/** Functions whose arguments and result have one type. */
export const UNIFYING: ReadonlySet<string> = new Set(['coalesce', 'greatest', 'ifnull', 'least', 'nullif']);

/** Aggregates and window functions whose result is of the type of their first argument. */
export const PICKING: ReadonlySet<string> = new Set([
  'first_value',
  'lag',
  'last_value',
  'lead',
  'max',
  'min',
  'nth_value',
]);

/** The types that a function may be given though they are stored in another form, because it does the same with that. */
export const HIDDEN_ARGUMENTS: Readonly<Record<string, ReadonlySet<string> | undefined>> = {
  concat: new Set(['date', 'numeric']),
  date: new Set(['date']),
  group_concat: new Set(['date', 'numeric']),
  json_array_length: new Set(['json', 'jsonb']),
  string_agg: new Set(['date', 'numeric']),
};

const RESULTS: Readonly<Record<string, ExpressionType | undefined>> = {
  char_length: WHOLE,
  character_length: WHOLE,
  concat: TEXT,
  count: WHOLE,
  cume_dist: DOUBLE,
  dense_rank: WHOLE,
  group_concat: TEXT,
  length: WHOLE,
  lower: TEXT,
  ltrim: TEXT,
  ntile: WHOLE,
  octet_length: WHOLE,
  percent_rank: DOUBLE,
  rank: WHOLE,
  replace: TEXT,
  row_number: WHOLE,
  rtrim: TEXT,
  string_agg: TEXT,
  substr: TEXT,
  substring: TEXT,
  trim: TEXT,
  upper: TEXT,
};

/** Raw SQL that both engines understand as the time of the transaction or statement, and that has no form of its own on SQLite. */
const NOW = /^\s*(?:current_timestamp|now\(\s*\))\s*$/i;

/** Raw SQL that is NULL. */
const NULL_LITERAL = /^\s*null\s*$/i;

/** Raw SQL around one expression that changes neither its value nor its type. */
const BEFORE = /^\s*\(*\s*$/;
const AFTER = /^[\s)]*(?:asc|desc)?\s*(?:nulls\s+(?:first|last))?\s*$/i;

/** Whether the raw SQL is the current time. */
export function isNow({ parameters, sqlFragments: [text = ''] }: RawNode): boolean {
  return parameters.length === 0 && NOW.test(text);
}

/** The expression that the raw SQL only repeats, perhaps in parentheses or with the direction of an order. */
export function repeated({
  parameters: [only, ...others],
  sqlFragments: [before = '', after = ''],
}: RawNode): OperationNode | undefined {
  return only !== undefined && others.length === 0 && BEFORE.test(before) && AFTER.test(after)
    ? only
    : undefined;
}

/** The column that raw SQL names, when it is nothing else. */
function rawName(node: RawNode): { readonly column: string; readonly table: string | undefined } | undefined {
  if (node.parameters.length > 0) return undefined;
  const [, table, column] = RAW_NAME.exec(node.sqlFragments.join('')) ?? [];
  return column === undefined ? undefined : { column, table };
}

const RAW_NAME = /^\s*(?:"?(\w+)"?\.)?"?(\w+)"?\s*$/;

/** The operator of a binary or unary operation. */
export function operatorOf({ operator }: { readonly operator: OperationNode }): string {
  return OperatorNode.is(operator) ? operator.operator : '';
}

/** Finds the types of expressions, in the scopes as they are. */
export class ExpressionTypes {
  readonly #scopes: QueryScopes;

  constructor(scopes: QueryScopes) {
    this.#scopes = scopes;
  }

  /** The type of an expression; `undefined` when it cannot be known. */
  of(node: OperationNode): ExpressionType | undefined {
    const name = columnName(node);
    if (name !== undefined) return this.#scopes.named(node)?.type;
    const typing = TYPING[node.kind];
    return typing?.(this, node);
  }

  /** The common type of all expressions. */
  ofAll(nodes: readonly OperationNode[]): ExpressionType | undefined {
    return commonType(nodes.map((node) => this.of(node)));
  }

  /** The type of raw SQL that is nothing but the name of a column, such as `excluded.price`. */
  ofRawName(node: RawNode): ExpressionType | undefined {
    const name = rawName(node);
    return name === undefined ? undefined : this.#scopes.find(name.column, name.table)?.type;
  }

  /** The type of rows that core makes JSON of. */
  ofRelation(node: FunctionNode): ExpressionType {
    return relationType(this.#scopes, node);
  }

  /** The type of the first column of a query. */
  ofQuery(query: SelectQueryNode): ExpressionType | undefined {
    return this.#scopes.within(query, () => {
      const [first] = selectionsOf(query);
      return first === undefined ? undefined : this.of(first.selection);
    });
  }
}

type Typing = (types: ExpressionTypes, node: OperationNode) => ExpressionType | undefined;

const TYPING: Readonly<Partial<Record<OperationNode['kind'], Typing>>> = {
  AggregateFunctionNode: (types, node) => aggregateType(types, node as AggregateFunctionNode),
  AliasNode: (types, node) => types.of((node as AliasNode).node),
  AndNode: () => BOOLEAN,
  BinaryOperationNode: (types, node) => binaryType(types, node as BinaryOperationNode),
  CaseNode: (types, node) => types.ofAll(resultsOf(node as CaseNode)),
  CastNode: (_types, node) => castType(node as CastNode),
  FunctionNode: (types, node) => functionType(types, node as FunctionNode),
  JSONReferenceNode: (types, node) => jsonType(types, node as JSONReferenceNode),
  OrNode: () => BOOLEAN,
  ParensNode: (types, node) => types.of((node as ParensNode).node),
  PrimitiveValueListNode: () => GIVEN,
  RawNode: (types, node) => rawType(types, node as RawNode),
  SelectQueryNode: (types, node) => types.ofQuery(node as SelectQueryNode),
  SelectionNode: (types, node) => types.of((node as SelectionNode).selection),
  UnaryOperationNode: (types, node) => unaryType(types, node as UnaryOperationNode),
  ValueListNode: (types, node) => types.ofAll((node as ValueListNode).values),
  ValueNode: (_types, node) => valueType(node as ValueNode),
};

function valueType({ immediate = false, value }: ValueNode): ExpressionType {
  if (value === null) return NULL;
  if (!immediate) return GIVEN;
  if (typeof value === 'boolean') return BOOLEAN;
  return typeof value === 'bigint' || Number.isInteger(value) ? WHOLE : GIVEN;
}

function binaryType(types: ExpressionTypes, node: BinaryOperationNode): ExpressionType | undefined {
  const operator = operatorOf(node);
  if (COMPARISONS.has(operator) || PREDICATES.has(operator)) return BOOLEAN;
  if (ARITHMETIC.has(operator))
    return arithmeticType(types.of(node.leftOperand), types.of(node.rightOperand));
  if (operator === '->' || operator === '#>') return memberType(types, node.leftOperand);
  if (operator === '->>' || operator === '#>>') return TEXT;
  if (operator !== '||') return undefined;
  const type = types.ofAll([node.leftOperand, node.rightOperand]);
  return type !== undefined && (type.name === 'bytea' || type.name === 'jsonb') ? type : TEXT;
}

function unaryType(types: ExpressionTypes, node: UnaryOperationNode): ExpressionType | undefined {
  const operator = operatorOf(node);
  return operator === '-' || operator === '+' ? types.of(node.operand) : BOOLEAN;
}

function functionType(types: ExpressionTypes, node: FunctionNode): ExpressionType | undefined {
  const { arguments: members, func } = node;
  if (isRelation(func)) return types.ofRelation(node);
  if (isPortable(func)) return PORTABLE_RESULTS[func] ?? pickedType(types, members.at(-1));
  const name = func.toLowerCase();
  return UNIFYING.has(name) ? types.ofAll(members) : result(name);
}

function aggregateType(
  types: ExpressionTypes,
  { aggregated: [argument, , fallback], func }: AggregateFunctionNode,
): ExpressionType | undefined {
  const name = func.toLowerCase();
  if (name !== 'sum' && name !== 'avg' && !PICKING.has(name)) return result(name);
  const type = argument === undefined ? undefined : types.of(argument);
  if (type?.name === 'given' && PICKING.has(name)) return type;
  if (type === undefined || !isOwn(type)) return undefined;
  // What lag() and lead() give where there is no row may have another scale.
  if (PICKING.has(name)) return picked(fallback === undefined ? type : { ...type, ...NO_SCALE });
  if (type.name === 'numeric') return { ...NUMERIC, scale: name === 'sum' ? type.scale : undefined };
  if (isWhole(type)) return NUMERIC;
  return type.name === DOUBLE.name ? DOUBLE : undefined;
}

function pickedType(types: ExpressionTypes, node: OperationNode | undefined): ExpressionType | undefined {
  const type = node === undefined ? undefined : types.of(node);
  return type === undefined || !isOwn(type) ? undefined : picked(type);
}

/** The type of one of the values, which is no value of a column any more. */
function picked({ name, scale, isScaled, hasMicroseconds }: ExpressionType): ExpressionType {
  return { name, scale, isScaled, hasMicroseconds };
}

const NO_SCALE = { scale: undefined, isScaled: undefined } as const;

function result(name: string): ExpressionType | undefined {
  return Object.hasOwn(RESULTS, name) ? RESULTS[name] : undefined;
}

function castType({ dataType }: CastNode): ExpressionType | undefined {
  const type = DataTypeNode.is(dataType) ? parseValueType(dataType.dataType) : undefined;
  return type === undefined ? undefined : { name: type.name, scale: type.scale };
}

function jsonType(types: ExpressionTypes, node: JSONReferenceNode): ExpressionType | undefined {
  const { reference, traversal } = node;
  const operator = JSONOperatorChainNode.is(traversal) ? traversal.operator : traversal.inOperator;
  if (operator === undefined) return undefined;
  return operator.operator.startsWith('->>') ? TEXT : memberType(types, reference);
}

/** A member of a jsonb is a jsonb. */
function memberType(types: ExpressionTypes, json: OperationNode): ExpressionType {
  return { name: types.of(json)?.name === 'jsonb' ? 'jsonb' : 'json' };
}

function rawType(types: ExpressionTypes, node: RawNode): ExpressionType | undefined {
  const declared = declaredType(node);
  if (declared !== undefined) return { name: declared.name, scale: declared.scale };
  if (isNow(node)) return TIMESTAMPTZ;
  if (NULL_LITERAL.test(node.sqlFragments.join('')) && node.parameters.length === 0) return NULL;
  const relation = kyselyRelation(node);
  if (relation !== undefined) return types.ofRelation(relation);
  const inner = repeated(node);
  return inner === undefined ? types.ofRawName(node) : types.of(inner);
}

/** The expressions of which a CASE gives one. */
export function resultsOf(node: CaseNode): readonly OperationNode[] {
  const results = (node.when ?? []).flatMap(({ result: given }) => (given === undefined ? [] : [given]));
  return node.else === undefined ? results : [...results, node.else];
}

/** The node without parentheses and without its alias. */
export function unwrapped(node: OperationNode): OperationNode {
  if (ParensNode.is(node) || AliasNode.is(node)) return unwrapped(node.node);
  return SelectionNode.is(node) ? unwrapped(node.selection) : node;
}

/** The members of the right side of a comparison: those of a list, the two of BETWEEN, or the one expression. */
export function membersOf(operand: OperationNode): readonly OperationNode[] {
  if (PrimitiveValueListNode.is(operand)) return operand.values.map((value) => ValueNode.create(value));
  if (ValueListNode.is(operand)) return operand.values;
  return AndNode.is(operand) ? [operand.left, operand.right] : [operand];
}
