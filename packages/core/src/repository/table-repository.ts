import type { Insertable, Kysely, KyselyPlugin, Selectable, Updateable } from 'kysely';
import type { Catalog, CatalogTable } from '../catalog/catalog.js';
import type { DatabaseSql, DatabaseTransaction, ExecuteOptions, Row, Statement } from '../driver/driver.js';
import { NotFoundError, UsageError } from '../errors/usage-errors.js';
import type { Naming } from '../naming/naming.js';
import { type CallOptions, toExecuteOptions } from '../storage/call-options.js';
import { writeCursor } from './cursor.js';
import { loadInBatches } from './load.js';
import type {
  Filter,
  FindQuery,
  KeyColumns,
  KeyValue,
  LoadOptions,
  LoadProgress,
  Page,
  PageQuery,
  Query,
  Repository,
  StreamOptions,
  TableName,
  UpsertOptions,
} from './repository.js';
import { RepositoryStatements } from './repository-statements.js';
import { TableShape } from './table-shape.js';
import type { AnyTables } from './where.js';

/** What runs a repository's statements: the storage through its lanes, or one transaction. */
export type StatementRunner = Pick<DatabaseTransaction, 'execute' | 'stream'>;

/** What a repository is built on. */
export interface RepositoryHost {
  readonly runner: StatementRunner;
  /** Runs several statements as one, all or nothing. */
  readonly atomically: <T>(work: (runner: StatementRunner) => Promise<T>, options: CallOptions) => Promise<T>;
  /** The tables as they are; `isFresh` reads them anew. */
  readonly catalog: (isFresh: boolean) => Promise<Catalog>;
  /** Compiles statements; it runs none. */
  readonly compiler: Kysely<AnyTables>;
  readonly sql: DatabaseSql;
  readonly naming: Naming;
  /** Plugins of the plain Kysely queries. */
  readonly plugins: readonly KyselyPlugin[];
  readonly maxParameters: number;
  readonly defaultTimeoutMs: number;
  /** Whether the statements belong to a transaction. */
  readonly isTransaction: boolean;
}

/** The repository of one table, on any driver. */
export class TableRepository<DB, T extends TableName<DB>, K extends KeyColumns<DB, T>>
  implements Repository<DB, T, K>
{
  readonly #host: RepositoryHost;
  readonly #table: T;
  readonly #key: readonly string[];
  #statements: RepositoryStatements | undefined;
  #catalogTable: CatalogTable | undefined;

  constructor(host: RepositoryHost, table: T, key: K) {
    this.#host = host;
    this.#table = table;
    this.#key = Array.isArray(key) ? key : [key];
  }

  async get(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<Selectable<DB[T]> | undefined> {
    const statements = await this.#prepared();
    return this.#first(statements.get(key), this.#options('get', options));
  }

  async getOrThrow(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<Selectable<DB[T]>> {
    const row = await this.get(key, options);
    if (row !== undefined) return row;
    throw new NotFoundError(`"${this.#table}" has no row under this key.`, {
      operation: `${this.#table}.getOrThrow`,
    });
  }

  async getMany(
    keys: readonly KeyValue<DB, T, K>[],
    options: CallOptions = {},
  ): Promise<(Selectable<DB[T]> | undefined)[]> {
    const statements = await this.#prepared();
    const found = new Map<string, Row>();
    const execute = this.#options('getMany', options);
    const shape = statements.shape;
    for (const statement of statements.getMany(keys)) {
      const { rows } = await this.#host.runner.execute(statement, execute);
      for (const row of rows)
        found.set(identity(shape.keyValues(keyOf(shape, shape.toRow(row)))), shape.toRow(row));
    }
    return keys.map((key) => found.get(identity(shape.keyValues(key))) as Selectable<DB[T]> | undefined);
  }

  async has(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<boolean> {
    const statements = await this.#prepared();
    const { rows } = await this.#host.runner.execute(statements.has(key), this.#options('has', options));
    return rows.length > 0;
  }

  async find(query: FindQuery<DB, T> = {}, options: CallOptions = {}): Promise<Selectable<DB[T]>[]> {
    const statements = await this.#prepared();
    return this.#rows(statements.find(query), this.#options('find', options));
  }

  async findOne(query: Query<DB, T> = {}, options: CallOptions = {}): Promise<Selectable<DB[T]> | undefined> {
    const statements = await this.#prepared();
    return this.#first(statements.find({ ...query, limit: 1 }), this.#options('findOne', options));
  }

  async page(query: PageQuery<DB, T>, options: CallOptions = {}): Promise<Page<Selectable<DB[T]>>> {
    const statements = await this.#prepared();
    const { statement, terms, size } = statements.page(query);
    const rows = await this.#rows(statement, this.#options('page', options));
    if (rows.length <= size) return { rows, nextCursor: undefined };
    const kept = rows.slice(0, size);
    const last = kept.at(-1) as Row;
    return { rows: kept, nextCursor: writeCursor(statements.shape, terms, last) };
  }

  async count(filter: Filter<DB, T> = {}, options: CallOptions = {}): Promise<number> {
    const statements = await this.#prepared();
    const { rows } = await this.#host.runner.execute(
      statements.count(filter),
      this.#options('count', options),
    );
    return Number(rows[0]?.rows ?? 0);
  }

  async *stream(
    query: FindQuery<DB, T> = {},
    options: StreamOptions = {},
  ): AsyncGenerator<Selectable<DB[T]>, void, undefined> {
    const statements = await this.#prepared();
    const { batchSize = 500, ...call } = options;
    const batches = this.#host.runner.stream(
      statements.find(query),
      batchSize,
      this.#options('stream', call),
    );
    for await (const rows of batches) {
      for (const row of rows) yield statements.shape.toRow(row) as Selectable<DB[T]>;
    }
  }

  async insert(row: Insertable<DB[T]>, options: CallOptions = {}): Promise<Selectable<DB[T]>> {
    const statements = await this.#prepared();
    return this.#only(statements.insert(row), this.#options('insert', options));
  }

  async insertMany(rows: readonly Insertable<DB[T]>[], options: CallOptions = {}): Promise<number> {
    const statements = (await this.#prepared()).insertMany(rows);
    const [first, ...others] = statements;
    if (first === undefined) return 0;
    if (others.length === 0) {
      return (await this.#host.runner.execute(first, this.#options('insertMany', options))).affectedRows;
    }
    return this.#host.atomically(async (runner) => {
      let inserted = 0;
      for (const statement of statements) {
        inserted += (await runner.execute(statement, this.#options('insertMany', options))).affectedRows;
      }
      return inserted;
    }, options);
  }

  async upsert(row: Insertable<DB[T]>, options: UpsertOptions<DB, T> = {}): Promise<Selectable<DB[T]>> {
    const statements = await this.#prepared();
    const { update, ...call } = options;
    return this.#only(statements.upsert(row, update), this.#options('upsert', call));
  }

  async update(
    key: KeyValue<DB, T, K>,
    patch: Updateable<DB[T]>,
    options: CallOptions = {},
  ): Promise<Selectable<DB[T]> | undefined> {
    const statements = await this.#prepared();
    return this.#first(statements.update(key, patch), this.#options('update', options));
  }

  async updateMany(
    filter: Required<Filter<DB, T>>,
    patch: Updateable<DB[T]>,
    options: CallOptions = {},
  ): Promise<number> {
    const statements = await this.#prepared();
    const statement = statements.updateMany(filter, patch);
    return (await this.#host.runner.execute(statement, this.#options('updateMany', options))).affectedRows;
  }

  async delete(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<boolean> {
    const statements = await this.#prepared();
    return (
      (await this.#host.runner.execute(statements.delete(key), this.#options('delete', options)))
        .affectedRows > 0
    );
  }

  async deleteMany(filter: Required<Filter<DB, T>>, options: CallOptions = {}): Promise<number> {
    const statements = await this.#prepared();
    const statement = statements.deleteMany(filter);
    return (await this.#host.runner.execute(statement, this.#options('deleteMany', options))).affectedRows;
  }

  async load(
    rows: Iterable<Insertable<DB[T]>> | AsyncIterable<Insertable<DB[T]>>,
    options: LoadOptions = {},
  ): Promise<LoadProgress> {
    if (this.#host.isTransaction) {
      throw new UsageError(
        'invalid_query',
        '`load` commits batch by batch, which a transaction cannot; use `insertMany`.',
      );
    }
    const { batchSize, onProgress, ...call } = options;
    const insert = (batch: readonly Insertable<DB[T]>[]): Promise<number> =>
      this.insertMany(batch, { priority: 'low', label: `${this.#table}.load`, ...call });
    return loadInBatches(rows, insert, { batchSize, onProgress, signal: call.signal });
  }

  /** The table's statements, looked up in the catalog at the first call; a table not there is looked for once more. */
  async #prepared(): Promise<RepositoryStatements> {
    const { catalog, naming, sql, compiler, plugins, maxParameters } = this.#host;
    const name = naming.toColumn(this.#table);
    const table = (await catalog(false)).get(name) ?? (await catalog(true)).get(name);
    if (table === undefined) {
      throw new UsageError(
        'unknown_table',
        `There is no table "${name}". Create it in a migration and run the migrations first.`,
      );
    }
    if (this.#statements === undefined || this.#catalogTable !== table) {
      const shape = new TableShape(this.#table, table, this.#key, naming, sql);
      this.#statements = new RepositoryStatements(shape, compiler, sql, plugins, maxParameters);
      this.#catalogTable = table;
    }
    return this.#statements;
  }

  async #rows(statement: Statement, options: ExecuteOptions): Promise<Selectable<DB[T]>[]> {
    const { rows } = await this.#host.runner.execute(statement, options);
    const shape = this.#statements?.shape;
    return rows.map((row) => (shape?.toRow(row) ?? row) as Selectable<DB[T]>);
  }

  async #first(statement: Statement, options: ExecuteOptions): Promise<Selectable<DB[T]> | undefined> {
    return (await this.#rows(statement, options))[0];
  }

  async #only(statement: Statement, options: ExecuteOptions): Promise<Selectable<DB[T]>> {
    const row = await this.#first(statement, options);
    if (row !== undefined) return row;
    throw new UsageError(
      'invalid_query',
      `A trigger or rule of "${this.#table}" kept the row from being stored.`,
    );
  }

  #options(method: string, options: CallOptions): ExecuteOptions {
    return toExecuteOptions(options, this.#host.defaultTimeoutMs, `${this.#table}.${method}`);
  }
}

function keyOf(shape: TableShape, row: Row): unknown {
  const [only, ...others] = shape.key;
  if (only !== undefined && others.length === 0) return row[only.property];
  return Object.fromEntries(shape.key.map(({ property }) => [property, row[property]]));
}

/** One text per key, so that keys can be looked up whatever their types. */
function identity(values: readonly unknown[]): string {
  return JSON.stringify(values.map((value) => (value instanceof Uint8Array ? [...value] : String(value))));
}
