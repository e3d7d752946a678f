import {
  type CheckedValue,
  type DatabaseSql,
  functionCall,
  type PortableFunctions,
  SerialQueue,
  type StoredForms,
  type ValueType,
} from '@sluice/core';
import {
  type AggregateFunctionNode,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Expression,
  type Kysely,
  type QueryCompiler,
  type SqlBool,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { SqliteValues } from '../options/options.js';
import { JSONB_TEXT } from '../values/jsonb-text.js';
import { NUMERIC_KEY } from '../values/numeric-functions.js';
import { encodeValue } from '../values/parameters.js';
import { LaneSqliteAdapter } from './adapter.js';
import { portableAggregate } from './aggregates.js';
import { PORTABLE_FUNCTIONS } from './portable-functions.js';
import { PortableSqliteQueryCompiler } from './query-compiler.js';
import { STORED_FORMS } from './stored-forms.js';

/** Core's DatabaseSql for SQLite, used by Kysely and by repositories. */
export class SqliteSql implements DatabaseSql {
  readonly countsDefinitions = true;
  /** A transaction of SQLite's has its snapshot when it has read the file. */
  readonly takesSnapshot = 'select 1 from sqlite_schema limit 1';
  readonly #values: SqliteValues;
  /** Kysely's Migrators of this process. */
  readonly #migrators = new SerialQueue();

  constructor(values: SqliteValues) {
    this.#values = values;
  }

  createAdapter(): DialectAdapter {
    return new LaneSqliteAdapter(this.#migrators);
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#values === 'native' ? new SqliteQueryCompiler() : new PortableSqliteQueryCompiler();
  }

  encode(value: CheckedValue, type: ValueType): unknown {
    return encodeValue(value, type);
  }

  /** Passes all values as one JSON parameter. SQLite parses its integers exactly; bytes are written as hexadecimal digits. */
  inList(column: Expression<unknown>, values: readonly unknown[], type: ValueType): Expression<SqlBool> {
    const member = type.name === 'bytea' ? sql`unhex(value)` : this.comparable(sql`value`, type);
    return sql<SqlBool>`${this.comparable(column, type)} in (select ${member} from json_each(${toJsonArray(values)}))`;
  }

  /** Numerics beyond 18 digits are stored as text, which sorts by characters, and equal JSON values as different texts. */
  comparable(expression: Expression<unknown>, { isScaled, name }: ValueType): Expression<unknown> {
    if (isScaled === true) return expression;
    if (name === 'numeric') return functionCall(NUMERIC_KEY, expression);
    return name === 'json' || name === 'jsonb' ? functionCall(JSONB_TEXT, expression) : expression;
  }

  bytesContain(bytes: Expression<unknown>, part: Expression<unknown>): Expression<SqlBool> {
    return sql<SqlBool>`instr(${bytes}, ${part}) > 0`;
  }

  aggregate(aggregate: AggregateFunctionNode, type: ValueType): Expression<unknown> | undefined {
    return portableAggregate(aggregate, type);
  }

  get functions(): PortableFunctions | undefined {
    return this.#values === 'portable' ? PORTABLE_FUNCTIONS : undefined;
  }

  get stored(): StoredForms | undefined {
    return this.#values === 'portable' ? STORED_FORMS : undefined;
  }
}

function toJsonArray(values: readonly unknown[]): string {
  return `[${values.map(toJson).join(',')}]`;
}

function toJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number')
    return Number.isFinite(value) ? String(value) : value > 0 ? '9e999' : '-9e999';
  return JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
}
