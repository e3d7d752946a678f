import type { AggregateName, CheckedValue, DatabaseSql, ValueType, ValueTypeName } from '@sluice/core';
import {
  type DatabaseIntrospector,
  type DialectAdapter,
  type Expression,
  type Kysely,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  type SqlBool,
  sql,
} from 'kysely';
import type { ValueMode } from '../options/options.js';
import { bigintExtreme } from '../values/exact-bigint.js';
import { encodeValue } from '../values/parameters.js';
import { formatArray } from '../values/text.js';
import { PooledPostgresAdapter, type TakeMigrationLock } from './adapter.js';
import { PortablePostgresQueryCompiler } from './query-compiler.js';

/** PostgreSQL's SQL, for Kysely and for the repository. */
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

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new PostgresIntrospector(db);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#values === 'native' ? new PostgresQueryCompiler() : new PortablePostgresQueryCompiler();
  }

  encode(value: CheckedValue, _type: ValueType): unknown {
    return encodeValue(value);
  }

  /** One array parameter, however many values; its cast is to the column's own type, so that an index on the column serves. */
  inList(column: Expression<unknown>, values: readonly unknown[], { name }: ValueType): Expression<SqlBool> {
    const list = sql`${formatArray(values)}::${sql.raw(ELEMENT_TYPES[name] ?? name)}[]`;
    return sql<SqlBool>`${this.comparable(column, { name })} = any(${list})`;
  }

  /** json has neither equality nor order; jsonb has both, by value. */
  comparable(expression: Expression<unknown>, { name }: ValueType): Expression<unknown> {
    return name === 'json' ? sql`${expression}::jsonb` : expression;
  }

  /** PostgreSQL adds integers up as a bigint; the contract says numeric, which has no end. The extremes of a bigint stay bigints. */
  aggregate(
    name: AggregateName,
    argument: Expression<unknown>,
    type: ValueType,
    isDistinct: boolean,
  ): Expression<unknown> | undefined {
    if (name === 'min' || name === 'max') {
      return type.name === 'bigint' ? bigintExtreme(name, argument) : undefined;
    }
    if (name !== 'sum' || !WHOLE_NUMBERS.has(type.name)) return undefined;
    return isDistinct ? sql`sum(distinct ${argument})::numeric` : sql`sum(${argument})::numeric`;
  }
}

const WHOLE_NUMBERS: ReadonlySet<ValueTypeName> = new Set(['bigint', 'integer', 'smallint']);

/** A varchar compares as text, and its index serves text. */
const ELEMENT_TYPES: Readonly<Partial<Record<ValueTypeName, string>>> = { json: 'jsonb', varchar: 'text' };
