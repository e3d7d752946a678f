import { FunctionNode, type OperationNode, type RawNode, SelectQueryNode, ValueNode } from 'kysely';
import { ValueError } from '../errors/data-errors.js';
import { UsageError } from '../errors/usage-errors.js';
import type { PortableName } from '../functions/portable-call.js';
import type { ExpressionType, Relation } from './expression-type.js';
import type { QueryScopes } from './query-scopes.js';

/** The types of the columns of a query's rows; `undefined` when not all its columns are known. */
export function relationOf(
  { scopes }: { readonly scopes: QueryScopes },
  query: SelectQueryNode,
): Relation['columns'] | undefined {
  const columns = scopes.columnsOf(query);
  if (columns.size === 0 || !scopes.knowsColumnsOf(query)) return undefined;
  return new Map([...columns].map(([name, { type }]) => [name, type]));
}

/** Kysely's `jsonArrayFrom` and `jsonObjectFrom`, of its helpers for either engine, as core's own; `undefined` for other raw SQL. */
export function kyselyRelation({ parameters, sqlFragments }: RawNode): FunctionNode | undefined {
  const name = HELPERS[sqlFragments.join('…')];
  const query = parameters.at(-1);
  if (name === undefined || query === undefined || !SelectQueryNode.is(query)) return undefined;
  return FunctionNode.create(name, [query, AS_JSON]);
}

/** Marks a relation whose values are those of JSON, as the types of Kysely's helpers say. */
const AS_JSON: OperationNode = ValueNode.createImmediate('json');

const HELPERS: Readonly<Record<string, PortableName | undefined>> = {
  "(select coalesce(json_agg(agg), '[]') from … as agg)": 'sluice_json_array',
  "(select coalesce(json_group_array(json_object(…)), '[]') from … as agg)": 'sluice_json_array',
  '(select json_object(…) from … as obj)': 'sluice_json_object',
  '(select to_json(obj) from … as obj)': 'sluice_json_object',
};

/** The type of a call of core's functions for relations. */
export function relationType(scopes: QueryScopes, node: FunctionNode): ExpressionType {
  const [query, asJson] = node.arguments;
  const columns =
    query !== undefined && SelectQueryNode.is(query) ? relationOf({ scopes }, query) : undefined;
  if (columns === undefined) return { name: 'json' };
  return { name: 'json', relation: { columns, isJson: asJson !== undefined } };
}

/** The relations among the columns of a result, by name. */
export type Relations = ReadonlyMap<string, Relation>;

/** The relations in the result of a whole query; `undefined` when it has none. */
export function relationsOf(scopes: QueryScopes, query: OperationNode): Relations | undefined {
  const relations = new Map<string, Relation>();
  for (const [name, { type }] of scopes.columnsOf(query))
    if (type?.relation !== undefined) relations.set(name, type.relation);
  return relations.size === 0 ? undefined : relations;
}

/** Refuses relations in a set operation: its queries may have different ones. @throws UsageError. */
export function assertNotCombined(scopes: QueryScopes, query: SelectQueryNode): void {
  if (query.setOperations === undefined || relationsOf(scopes, query) === undefined) return;
  throw new UsageError(
    'untyped_expression',
    'jsonArrayFrom() and jsonObjectFrom() cannot be columns of a set operation. Combine the rows in a sub-query, and add the relation around it.',
  );
}

/** Gives the application's name for a database's name. */
export type ToProperty = (column: string) => string;

/** Makes the values of the contract of the JSON in rows, in place. @throws ValueError. */
export function decodeRelations(rows: readonly object[], relations: Relations, toProperty: ToProperty): void {
  for (const row of rows as Record<string, unknown>[])
    for (const [name, relation] of relations)
      row[name] = decoded(row[name], { relation, toProperty, path: name });
}

interface Decoding {
  readonly relation: Relation;
  readonly toProperty: ToProperty;
  /** Where the value is, for messages. */
  readonly path: string;
}

function decoded(value: unknown, decoding: Decoding): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((row) => decoded(row, decoding));
  const { relation, toProperty, path } = decoding;
  const members = value as Record<string, unknown>;
  return Object.fromEntries(
    [...relation.columns].map(([name, type]) => {
      const property = toProperty(name);
      return [property, member(members[name], type, { relation, toProperty, path: `${path}.${property}` })];
    }),
  );
}

function member(value: unknown, type: ExpressionType | undefined, decoding: Decoding): unknown {
  if (value === null || value === undefined || type === undefined) return value ?? null;
  if (type.relation !== undefined) return decoded(value, { ...decoding, relation: type.relation });
  switch (type.name) {
    case 'bigint':
      return decoding.relation.isJson ? safeNumber(value as string, decoding) : BigInt(value as string);
    case 'whole': {
      const number = Number(value);
      if (Number.isSafeInteger(number)) return number;
      return decoding.relation.isJson ? safeNumber(value as string, decoding) : BigInt(value as string);
    }
    case 'boolean':
      return value === true || value === 1;
    case 'bytea':
      return decoding.relation.isJson ? value : new Uint8Array(Buffer.from(value as string, 'hex'));
    case 'double precision':
      return Number(value);
    case 'timestamptz': {
      const time = new Date(value as number);
      return decoding.relation.isJson ? time.toISOString() : time;
    }
    default:
      return value;
  }
}

/** JSON has no bigint, and Kysely's types say number. @throws ValueError. */
function safeNumber(text: string, { path }: Decoding): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new ValueError(
    `"${path}" is ${text}, which a number would round. Kysely's helper gives bigints as numbers; core's jsonArrayFrom and jsonObjectFrom give a bigint.`,
    { column: path },
  );
}
