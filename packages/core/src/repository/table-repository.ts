import type { Insertable, Selectable, Updateable } from 'kysely';
import { type CallOptions, toExecuteOptions, toOptionsWithin } from '../call/call-options.js';
import type { Catalog } from '../catalog/catalog.js';
import type { ExecuteOptions, Row, Statement } from '../driver/driver.js';
import { assertBatchSize } from '../errors/invalid-query.js';
import { NotFoundError, UsageError } from '../errors/usage-errors.js';
import { writeCursor } from './cursor.js';
import { encodeInParts, insertAll, insertInParts, ROWS_PER_PART } from './insert-in-parts.js';
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
import type { RepositoryStatements } from './repository-statements.js';
import { RowIterator } from './row-iterator.js';
import type { StatementRunner } from './statement-runner.js';
import type { StatementsRegistry } from './statements-registry.js';
import type { TableShape } from './table-shape.js';

/** What a repository runs on: the storage, or one transaction. */
export interface RepositoryHost {
  readonly runner: StatementRunner;
  /** Runs several statements in one transaction, all or nothing. */
  readonly atomically: <T>(work: (runner: StatementRunner) => Promise<T>, options: CallOptions) => Promise<T>;
  readonly statements: StatementsRegistry;
  readonly defaultTimeoutMs: number;
  /** The options of the transaction that `runner` is, which hold for every call in it; `undefined` where it is none. */
  readonly transaction: ExecuteOptions | undefined;
}

/** The repository of one table, on any driver. */
export class TableRepository<DB, T extends TableName<DB>, K extends KeyColumns<DB, T>>
  implements Repository<DB, T, K>
{
  readonly #host: RepositoryHost;
  readonly #table: T;
  readonly #key: readonly string[];
  #statements: RepositoryStatements | undefined;
  /** The catalog that {@link TableRepository.#statements} were built for. */
  #catalog: Catalog | undefined;

  constructor(host: RepositoryHost, table: T, key: K) {
    this.#host = host;
    this.#table = table;
    this.#key = Array.isArray(key) ? key : [key];
  }

  async get(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<Selectable<DB[T]> | undefined> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const { rows } = await this.#host.runner.execute(statements.get(key), this.#options('get', options));
    return this.#first(statements.shape, rows);
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
    const statements = this.#prepared() ?? (await this.#lookUp());
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
    const statements = this.#prepared() ?? (await this.#lookUp());
    const { rows } = await this.#host.runner.execute(statements.has(key), this.#options('has', options));
    return rows.length > 0;
  }

  async find(query: FindQuery<DB, T> = {}, options: CallOptions = {}): Promise<Selectable<DB[T]>[]> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    return this.#rows(statements.shape, statements.find(query), this.#options('find', options));
  }

  async findOne(query: Query<DB, T> = {}, options: CallOptions = {}): Promise<Selectable<DB[T]> | undefined> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const statement = statements.find({ ...query, limit: 1 });
    const { rows } = await this.#host.runner.execute(statement, this.#options('findOne', options));
    return this.#first(statements.shape, rows);
  }

  async page(query: PageQuery<DB, T>, options: CallOptions = {}): Promise<Page<Selectable<DB[T]>>> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const { statement, terms, size } = statements.page(query);
    const rows = await this.#rows(statements.shape, statement, this.#options('page', options));
    if (rows.length <= size) return { rows, nextCursor: undefined };
    const kept = rows.slice(0, size);
    const last = kept.at(-1) as Row;
    return { rows: kept, nextCursor: writeCursor(statements.shape, terms, last) };
  }

  async count(filter: Filter<DB, T> = {}, options: CallOptions = {}): Promise<number> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const { rows } = await this.#host.runner.execute(
      statements.count(filter),
      this.#options('count', options),
    );
    return Number(rows[0]?.rows ?? 0);
  }

  stream(
    query: FindQuery<DB, T> = {},
    options: StreamOptions = {},
  ): AsyncIterableIterator<Selectable<DB[T]>> {
    return new RowIterator(this.#batches(query, options));
  }

  async insert(row: Insertable<DB[T]>, options: CallOptions = {}): Promise<Selectable<DB[T]>> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const { rows } = await this.#host.runner.execute(
      statements.insert(row),
      this.#options('insert', options),
    );
    return this.#only(statements.shape, rows);
  }

  async insertMany(rows: readonly Insertable<DB[T]>[], options: CallOptions = {}): Promise<number> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const execute = this.#options('insertMany', options);
    const isLong = rows.length > ROWS_PER_PART;
    if (isLong && this.#host.transaction === undefined)
      return this.#host.atomically((runner) => insertInParts(runner, statements, rows, execute), options);
    const made = isLong ? await encodeInParts(statements, rows) : statements.insertMany(rows);
    const [first, ...others] = made;
    if (first === undefined) return 0;
    if (others.length === 0) return (await this.#host.runner.execute(first, execute)).affectedRows;
    return this.#host.atomically((runner) => insertAll(runner, made, execute), options);
  }

  async upsert(row: Insertable<DB[T]>, options: UpsertOptions<DB, T> = {}): Promise<Selectable<DB[T]>> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const { update, ...call } = options;
    const statement = statements.upsert(row, update);
    const { rows } = await this.#host.runner.execute(statement, this.#options('upsert', call));
    return this.#only(statements.shape, rows);
  }

  async update(
    key: KeyValue<DB, T, K>,
    patch: Updateable<DB[T]>,
    options: CallOptions = {},
  ): Promise<Selectable<DB[T]> | undefined> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const statement = statements.update(key, patch);
    const { rows } = await this.#host.runner.execute(statement, this.#options('update', options));
    return this.#first(statements.shape, rows);
  }

  async updateMany(
    filter: Required<Filter<DB, T>>,
    patch: Updateable<DB[T]>,
    options: CallOptions = {},
  ): Promise<number> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const statement = statements.updateMany(filter, patch);
    return (await this.#host.runner.execute(statement, this.#options('updateMany', options))).affectedRows;
  }

  async delete(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<boolean> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    return (
      (await this.#host.runner.execute(statements.delete(key), this.#options('delete', options)))
        .affectedRows > 0
    );
  }

  async deleteMany(filter: Required<Filter<DB, T>>, options: CallOptions = {}): Promise<number> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    const statement = statements.deleteMany(filter);
    return (await this.#host.runner.execute(statement, this.#options('deleteMany', options))).affectedRows;
  }

  async load(
    rows: Iterable<Insertable<DB[T]>> | AsyncIterable<Insertable<DB[T]>>,
    options: LoadOptions = {},
  ): Promise<LoadProgress> {
    if (this.#host.transaction !== undefined) {
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

  /** The table's statements, synchronously, so that a call is accepted at the moment it is made; `undefined` when the table is unknown. */
  #prepared(): RepositoryStatements | undefined {
    const { statements } = this.#host;
    if (statements.catalog === this.#catalog) return this.#statements;
    this.#statements = statements.known(this.#table, this.#key);
    this.#catalog = statements.catalog;
    return this.#statements;
  }

  /** Reads the catalog again. @throws UsageError `unknown_table`. */
  #lookUp(): Promise<RepositoryStatements> {
    return this.#host.statements.lookUp(this.#table, this.#key);
  }

  async *#batches(
    query: FindQuery<DB, T>,
    { batchSize = 500, ...call }: StreamOptions,
  ): AsyncGenerator<readonly Selectable<DB[T]>[]> {
    const statements = this.#prepared() ?? (await this.#lookUp());
    assertBatchSize('batchSize', batchSize);
    const options = this.#options('stream', call);
    for await (const rows of this.#host.runner.stream(statements.find(query), batchSize, options))
      yield statements.shape.toRows(rows) as Selectable<DB[T]>[];
  }

  async #rows(
    shape: TableShape,
    statement: Statement,
    options: ExecuteOptions,
  ): Promise<Selectable<DB[T]>[]> {
    const { rows } = await this.#host.runner.execute(statement, options);
    return shape.toRows(rows) as Selectable<DB[T]>[];
  }

  #first(shape: TableShape, [row]: readonly Row[]): Selectable<DB[T]> | undefined {
    return row === undefined ? undefined : (shape.toRow(row) as Selectable<DB[T]>);
  }

  #only(shape: TableShape, rows: readonly Row[]): Selectable<DB[T]> {
    const row = this.#first(shape, rows);
    if (row !== undefined) return row;
    throw new UsageError(
      'invalid_query',
      `A trigger or rule of "${this.#table}" kept the row from being stored.`,
    );
  }

  #options(method: string, options: CallOptions): ExecuteOptions {
    const { transaction, defaultTimeoutMs } = this.#host;
    const label = `${this.#table}.${method}`;
    if (transaction !== undefined) return toOptionsWithin(transaction, options, label);
    return toExecuteOptions(options, defaultTimeoutMs, label);
  }
}

function keyOf(shape: TableShape, row: Row): unknown {
  const [only, ...others] = shape.key;
  if (only !== undefined && others.length === 0) return row[only.property];
  return Object.fromEntries(shape.key.map(({ property }) => [property, row[property]]));
}

/** A text that identifies a key, for use as a key of a Map. */
function identity(values: readonly unknown[]): string {
  return JSON.stringify(values.map((value) => (value instanceof Uint8Array ? [...value] : String(value))));
}
