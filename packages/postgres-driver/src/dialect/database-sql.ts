import type {
  CheckedArray,
  CheckedValue,
  DatabaseSql,
  PortableFunctions,
  ValueType,
  ValueTypeName,
} from '@sluice/core';
import {
  type AggregateFunctionNode,
  BinaryOperationNode,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Expression,
  ExpressionWrapper,
  IdentifierNode,
  type Kysely,
  type OperatorNode,
  ParensNode,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  type SqlBool,
  sql,
  type TransactionSettings,
} from 'kysely';
import type { ValueMode } from '../options/options.js';
import { arrayText } from '../values/array.js';
import { bigintExtreme } from '../values/exact-bigint.js';
import { encodeValue, fixObject } from '../values/parameters.js';
import { formatArray } from '../values/text.js';
import { PooledPostgresAdapter, type TakeMigrationLock } from './adapter.js';
import { PORTABLE_FUNCTIONS } from './portable-functions.js';
import { PortablePostgresQueryCompiler } from './query-compiler.js';

/** PostgreSQL's SQL dialect: Kysely's adapter, introspector and compiler, and the expressions that core's repository needs. */
export class PostgresSql implements DatabaseSql {
  readonly #values: ValueMode;
  readonly #takeLock: TakeMigrationLock;

  constructor(values: ValueMode, takeLock: TakeMigrationLock) {
    this.#values = values;
    this.#takeLock = takeLock;
  }

  createAdapter(): DialectAdapter {
    return new PooledPostgresAdapter(this.#takeLock);
  }

  begin({ isolationLevel, accessMode }: TransactionSettings): string {
    if (isolationLevel === undefined && accessMode === undefined) return 'begin';
    const level = isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`;
    return `start transaction${level}${accessMode === undefined ? '' : ` ${accessMode}`}`;
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new PostgresIntrospector(db);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#values === 'native' ? new PostgresQueryCompiler() : new PortablePostgresQueryCompiler();
  }

  encode(value: CheckedValue, _type: ValueType): unknown {
    return encodeValue(value);
  }

  encodeArray(values: CheckedArray): unknown {
    return arrayText(values);
  }

  fixed(value: unknown): unknown {
    return fixObject(value, this.#values);
  }

  /** Sends all values as one array parameter, cast to an array of the column's type, so that an index on the column can be used. */
  inList(column: Expression<unknown>, values: readonly unknown[], { name }: ValueType): Expression<SqlBool> {
    const list = sql`${formatArray(values)}::${sql.raw(ELEMENT_TYPES[name] ?? name)}[]`;
    return sql<SqlBool>`${this.comparable(column, { name })} = any(${list})`;
  }

  /** json has neither equality nor order, so it is cast to jsonb, which has both. */
  comparable(expression: Expression<unknown>, { name }: ValueType): Expression<unknown> {
    return name === 'json' ? sql`${expression}::jsonb` : expression;
  }

  bytesContain(bytes: Expression<unknown>, part: Expression<unknown>): Expression<SqlBool> {
    return sql<SqlBool>`position(${part} in ${bytes}) > 0`;
  }

  byCodePoint(text: Expression<unknown>): Expression<unknown> {
    const inParens = ParensNode.create(text.toOperationNode());
    return new ExpressionWrapper(BinaryOperationNode.create(inParens, COLLATE, IdentifierNode.create('C')));
  }

  get functions(): PortableFunctions | undefined {
    return this.#values === 'native' ? undefined : PORTABLE_FUNCTIONS;
  }

  milliseconds(column: Expression<unknown>): Expression<unknown> {
    return sql`date_trunc('milliseconds', ${column})`;
  }

  /** PostgreSQL's `sum` of integers can be a bigint; the contract's is always numeric. `min` and `max` of a bigint are bigints. */
  aggregate(call: AggregateFunctionNode, type: ValueType): Expression<unknown> | undefined {
    const name = call.func.toLowerCase();
    if (name === 'sum' && WHOLE_NUMBERS.has(type.name)) return sql`${new ExpressionWrapper(call)}::numeric`;
    const isExtreme = name === 'min' || name === 'max';
    return isExtreme && type.name === 'bigint' ? bigintExtreme(call) : undefined;
  }
}

/** An operator to Kysely, so that no raw SQL makes of a query one that may write. */
const COLLATE: OperatorNode = { kind: 'OperatorNode', operator: 'collate' as 'is' };

const WHOLE_NUMBERS: ReadonlySet<ValueTypeName> = new Set(['bigint', 'integer', 'smallint']);

/** Indexes of varchar columns are indexes on text, so a varchar is compared as text. */
const ELEMENT_TYPES: Readonly<Partial<Record<ValueTypeName, string>>> = { json: 'jsonb', varchar: 'text' };
