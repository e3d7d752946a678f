import type { Insertable, Selectable } from 'kysely';
import type { CallOptions } from '../call/call-options.js';
import type { ExecuteOptions, Row, Statement } from '../driver/driver.js';
import { assertBatchSize, invalidQuery } from '../errors/invalid-query.js';
import { NotFoundError, UsageError } from '../errors/usage-errors.js';
import { fixedRow, fixedValue } from '../values/fixed-value.js';
import { BatchedCalls } from './batched-calls.js';
import { writeCursor } from './cursor.js';
import { encodeInParts, insertAll, insertInParts, ROWS_PER_PART } from './insert-in-parts.js';
import { keyIdentity } from './key-identity.js';
import { loadInBatches } from './load.js';
import type {
  ClaimQuery,
  ColumnList,
  Filter,
  FindQuery,
  InsertManyOptions,
  KeyColumns,
  KeyValue,
  LoadOptions,
  LoadProgress,
  Page,
  PageQuery,
  Patch,
  Query,
  Repository,
  SelectedRow,
  Selecting,
  StreamOptions,
  StreamQuery,
  TableName,
  UpsertOptions,
  WriteQuery,
} from './repository.js';
import { RepositoryCalls, type RepositoryHost } from './repository-calls.js';
import { hostOf } from './repository-scope.js';
import { RowIterator } from './row-iterator.js';
import { returnedRows } from './selection.js';
import { executeAll } from './statement-runner.js';
import type { ColumnForms, TableShape } from './table-shape.js';

/** The repository of one table, on any driver. */
export class TableRepository<DB, T extends TableName<DB>, K extends KeyColumns<DB, T>>
  implements Repository<DB, T, K>
{
  readonly #host: RepositoryHost;
  readonly #table: T;
  readonly #key: K;
  readonly #forms: ColumnForms | undefined;
  readonly #calls: RepositoryCalls;

  /** @param forms the columns that the repository has as text. */
  constructor(host: RepositoryHost, table: T, key: K, forms?: ColumnForms) {
    this.#host = host;
    this.#table = table;
    this.#key = key;
    this.#forms = forms;
    const { batch } = host;
    const keys: readonly string[] = Array.isArray(key) ? key : [key];
    this.#calls =
      batch === undefined
        ? new RepositoryCalls(host, table, keys, forms)
        : new BatchedCalls({ ...host, batch }, table, keys, forms);
  }

  in(scope: unknown): Repository<DB, T, K> {
    return new TableRepository<DB, T, K>(hostOf(scope, this.#host), this.#table, this.#key, this.#forms);
  }

  get<const S extends ColumnList<DB, T> = never>(
    key: KeyValue<DB, T, K>,
    options: CallOptions & Selecting<S> = {},
  ): Promise<SelectedRow<DB, T, S> | undefined> {
    const select = fixedValue(options.select);
    return this.#calls.perform({
      method: 'get',
      args: key,
      options: withoutSelect(options),
      build: (statements, given) => statements.get(given, select),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => first<SelectedRow<DB, T, S>>(shape, rows),
    });
  }

  async getOrThrow<const S extends ColumnList<DB, T> = never>(
    key: KeyValue<DB, T, K>,
    options: CallOptions & Selecting<S> = {},
  ): Promise<SelectedRow<DB, T, S>> {
    const { batch } = this.#host;
    if (batch !== undefined) return batch.refuse('`getOrThrow` has no place in a batch; use `get`');
    const row = await this.get(key, options);
    if (row !== undefined) return row;
    throw new NotFoundError(`"${this.#table}" has no row under this key.`, {
      operation: `${this.#table}.getOrThrow`,
    });
  }

  getMany<const S extends ColumnList<DB, T> = never>(
    keys: readonly KeyValue<DB, T, K>[],
    options: CallOptions & Selecting<S> = {},
  ): Promise<(SelectedRow<DB, T, S> | undefined)[]> {
    const select = fixedValue(options.select);
    return this.#calls.perform({
      method: 'getMany',
      args: keys,
      options: withoutSelect(options),
      build: (statements, given) => ({
        ...statements.getMany(given, select),
        identities: given.map((key) => keyIdentity(statements.shape.keyValues(key))),
      }),
      run: async ({ statements, selection, identities }, { shape }, execute) => {
        if (shape.hasForeignKey) return this.#getEach<SelectedRow<DB, T, S>>(statements, shape, execute);
        const found = new Map<string, Row>();
        for (const { rows } of await executeAll(this.#host.runner, statements, execute)) {
          const read = shape.toRows(rows);
          const returned = returnedRows(selection, read);
          read.forEach((row, index) => {
            found.set(keyIdentity(shape.keyValues(keyOf(shape, row))), returned[index] as Row);
          });
        }
        return identities.map((key) => found.get(key) as SelectedRow<DB, T, S> | undefined);
      },
      decode: asItIs,
    });
  }

  /** The row of each statement, which has one key, of which the engine may have another text. */
  async #getEach<R>(
    statements: readonly Statement[],
    shape: TableShape,
    execute: ExecuteOptions,
  ): Promise<(R | undefined)[]> {
    const results = await executeAll(this.#host.runner, statements, execute);
    return results.map(({ rows }) => first<R>(shape, rows));
  }

  has(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<boolean> {
    return this.#calls.perform({
      method: 'has',
      args: key,
      options,
      build: (statements, given) => statements.has(given),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }) => rows.length > 0,
    });
  }

  find<const S extends ColumnList<DB, T> = never>(
    query: FindQuery<DB, T> & Selecting<S> = {},
    options: CallOptions = {},
  ): Promise<SelectedRow<DB, T, S>[]> {
    return this.#calls.perform({
      method: 'find',
      args: query,
      options,
      build: (statements, given) => statements.find(given),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => shape.toRows(rows) as SelectedRow<DB, T, S>[],
    });
  }

  findOne<const S extends ColumnList<DB, T> = never>(
    query: Query<DB, T> & Selecting<S> = {},
    options: CallOptions = {},
  ): Promise<SelectedRow<DB, T, S> | undefined> {
    return this.#calls.perform({
      method: 'findOne',
      args: query,
      options,
      build: (statements, given) => statements.find({ ...given, limit: 1 }),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => first<SelectedRow<DB, T, S>>(shape, rows),
    });
  }

  page<const S extends ColumnList<DB, T> = never>(
    query: PageQuery<DB, T> & Selecting<S>,
    options: CallOptions = {},
  ): Promise<Page<SelectedRow<DB, T, S>>> {
    return this.#calls.perform({
      method: 'page',
      args: query,
      options,
      build: (statements, given) => statements.page(given),
      run: async ({ statement, terms, size, selection }, { shape }, execute) => {
        const found = shape.toRows((await this.#host.runner.execute(statement, execute)).rows);
        const hasNext = found.length > size;
        const kept = hasNext ? found.slice(0, size) : found;
        const rows = returnedRows(selection, kept) as SelectedRow<DB, T, S>[];
        return { rows, nextCursor: hasNext ? writeCursor(shape, terms, kept.at(-1) as Row) : undefined };
      },
      decode: asItIs,
    });
  }

  count(filter: Filter<DB, T> = {}, options: CallOptions = {}): Promise<number> {
    return this.#calls.perform({
      method: 'count',
      args: filter,
      options,
      build: (statements, given) => statements.count(given),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows: [counted] }) => Number(counted?.rows ?? 0),
    });
  }

  stream<const S extends ColumnList<DB, T> = never>(
    query: StreamQuery<DB, T> & Selecting<S> = {},
    options: StreamOptions = {},
  ): AsyncIterableIterator<SelectedRow<DB, T, S>> {
    if (this.#host.batch !== undefined)
      throw invalidQuery('`stream` has no place in a batch; use `find` or `page`');
    return new RowIterator(this.#batches<SelectedRow<DB, T, S>>(fixedValue(query), { ...options }));
  }

  insert(row: Insertable<DB[T]>, options: CallOptions = {}): Promise<Selectable<DB[T]>> {
    return this.#calls.perform({
      method: 'insert',
      args: row,
      options,
      build: (statements, given) => statements.insert(given),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => this.#only(shape, rows),
    });
  }

  insertMany(rows: readonly Insertable<DB[T]>[], options: InsertManyOptions<DB, T> = {}): Promise<number> {
    return this.#insertAll('insertMany', rows, options);
  }

  upsertMany(rows: readonly Insertable<DB[T]>[], options: UpsertOptions<DB, T> = {}): Promise<number> {
    const { update, ...call } = options;
    return this.#insertAll('upsertMany', rows, {
      ...call,
      onConflict: update === undefined ? 'update' : { update },
    });
  }

  async upsert(row: Insertable<DB[T]>, options: UpsertOptions<DB, T> = {}): Promise<Selectable<DB[T]>> {
    const { update, ...call } = options;
    return this.#calls.perform({
      method: 'upsert',
      args: row,
      options: call,
      build: (statements, given) => statements.upsert(given, update),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => this.#only(shape, rows),
    });
  }

  update(
    key: KeyValue<DB, T, K>,
    patch: Patch<DB, T>,
    options: CallOptions = {},
  ): Promise<Selectable<DB[T]> | undefined> {
    return this.#calls.perform({
      method: 'update',
      args: { key, patch },
      options,
      build: (statements, given) => statements.update(given.key, given.patch),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => first<Selectable<DB[T]>>(shape, rows),
    });
  }

  updateOne(
    query: Query<DB, T>,
    patch: Patch<DB, T>,
    options: CallOptions = {},
  ): Promise<Selectable<DB[T]> | undefined> {
    return this.#calls.perform({
      method: 'updateOne',
      args: { query, patch },
      options,
      build: (statements, given) => statements.updateOne(given.query, given.patch),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => first<Selectable<DB[T]>>(shape, rows),
    });
  }

  claim(
    query: ClaimQuery<DB, T>,
    patch: Patch<DB, T>,
    options: CallOptions = {},
  ): Promise<Selectable<DB[T]>[]> {
    return this.#calls.perform({
      method: 'claim',
      args: { query, patch },
      options,
      build: (statements, given) => statements.claim(given.query, given.patch),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => shape.toRows(rows) as Selectable<DB[T]>[],
    });
  }

  updateMany(query: WriteQuery<DB, T>, patch: Patch<DB, T>, options: CallOptions = {}): Promise<number> {
    return this.#calls.perform({
      method: 'updateMany',
      args: { query, patch },
      options,
      build: (statements, given) => statements.updateMany(given.query, given.patch),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ affectedRows }) => affectedRows,
    });
  }

  delete(key: KeyValue<DB, T, K>, options: CallOptions = {}): Promise<boolean> {
    return this.#calls.perform({
      method: 'delete',
      args: key,
      options,
      build: (statements, given) => statements.delete(given),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ affectedRows }) => affectedRows > 0,
    });
  }

  take(query: Query<DB, T> = {}, options: CallOptions = {}): Promise<Selectable<DB[T]> | undefined> {
    return this.#calls.perform({
      method: 'take',
      args: query,
      options,
      build: (statements, given) => statements.take(given),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ rows }, { shape }) => first<Selectable<DB[T]>>(shape, rows),
    });
  }

  deleteMany(query: WriteQuery<DB, T>, options: CallOptions = {}): Promise<number> {
    return this.#calls.perform({
      method: 'deleteMany',
      args: query,
      options,
      build: (statements, given) => statements.deleteMany(given),
      run: (statement, _, execute) => this.#host.runner.execute(statement, execute),
      decode: ({ affectedRows }) => affectedRows,
    });
  }

  async load(
    rows: Iterable<Insertable<DB[T]>> | AsyncIterable<Insertable<DB[T]>>,
    options: LoadOptions<DB, T> = {},
  ): Promise<LoadProgress> {
    if (this.#host.transaction !== undefined) {
      throw new UsageError(
        'invalid_query',
        '`load` commits batch by batch, which a transaction cannot; use `insertMany`.',
      );
    }
    const { batch } = this.#host;
    if (batch !== undefined) return batch.refuse('`load` has no place in a batch; use `insertMany`');
    const { batchSize, onConflict, onProgress, ...call } = options;
    const execute: CallOptions = { priority: 'low', label: `${this.#table}.load`, ...call };
    const insert = (given: readonly Insertable<DB[T]>[]): Promise<number> =>
      this.#insertFixed('insertMany', given, execute, fixedValue(onConflict));
    return loadInBatches(rows, insert, { batchSize, onProgress, signal: call.signal });
  }

  async #insertAll(
    method: string,
    rows: readonly Insertable<DB[T]>[],
    { onConflict, ...options }: InsertManyOptions<DB, T>,
  ): Promise<number> {
    const fixed = rows.length > ROWS_PER_PART ? rows.map(fixedRow) : rows;
    return this.#insertFixed(method, fixed, options, fixedValue(onConflict));
  }

  /** The same for rows of which many do not change any more. */
  #insertFixed(
    method: string,
    rows: readonly Insertable<DB[T]>[],
    options: CallOptions,
    onConflict: unknown,
  ): Promise<number> {
    return rows.length > ROWS_PER_PART && this.#host.batch === undefined
      ? this.#insertInParts(method, rows, options, onConflict)
      : this.#insertAtOnce(method, rows, options, onConflict);
  }

  /** Inserts no more rows than are encoded at once. */
  #insertAtOnce(
    method: string,
    rows: readonly Insertable<DB[T]>[],
    options: CallOptions,
    onConflict: unknown,
  ): Promise<number> {
    return this.#calls.perform({
      method,
      args: rows,
      options,
      build: (statements, given) => statements.insertMany(given, onConflict),
      run: async (made, _, execute) => {
        const [only, ...others] = made;
        if (only === undefined) return 0;
        if (others.length === 0) return (await this.#host.runner.execute(only, execute)).affectedRows;
        return this.#host.atomically((runner) => insertAll(runner, made, execute), options);
      },
      decode: asItIs,
    });
  }

  /** Inserts more rows than are encoded at once. They must not change any more. */
  #insertInParts(
    method: string,
    rows: readonly Insertable<DB[T]>[],
    options: CallOptions,
    onConflict: unknown,
  ): Promise<number> {
    return this.#calls.perform({
      method,
      args: rows,
      options,
      encodesInRun: true,
      build: (_, given) => given,
      run: async (given, statements, execute) => {
        const { atomically, runner, transaction } = this.#host;
        const encode = (part: readonly unknown[]): Statement[] => statements.insertMany(part, onConflict);
        if (transaction !== undefined) return insertAll(runner, await encodeInParts(encode, given), execute);
        return atomically((within) => insertInParts(within, encode, given, execute), options);
      },
      decode: asItIs,
    });
  }

  async *#batches<R>(
    query: StreamQuery<DB, T> & Selecting<unknown>,
    { batchSize = 500, ...options }: StreamOptions,
  ): AsyncGenerator<readonly R[]> {
    assertBatchSize('batchSize', batchSize);
    const { shape, begun, batches } = await this.#calls.perform({
      method: 'stream',
      args: query,
      options,
      build: (statements, given) => statements.stream(given),
      run: async (statement, { shape: of }, execute) => {
        const opened = this.#host.runner.stream(statement, batchSize, execute)[Symbol.asyncIterator]();
        return { shape: of, begun: await opened.next(), batches: opened };
      },
      decode: asItIs,
    });
    try {
      for (let next = begun; !next.done; next = await batches.next()) yield shape.toRows(next.value) as R[];
    } finally {
      await batches.return?.();
    }
  }

  #only(shape: TableShape, rows: readonly Row[]): Selectable<DB[T]> {
    const row = first<Selectable<DB[T]>>(shape, rows);
    if (row !== undefined) return row;
    throw new UsageError(
      'invalid_query',
      `A trigger or rule of "${this.#table}" kept the row from being stored.`,
    );
  }
}

/** The options of the call itself. */
function withoutSelect(options: CallOptions & Selecting<unknown>): CallOptions {
  if (!('select' in options)) return options;
  const { select: _, ...call } = options;
  return call;
}

/** The result of a call that has decoded it already. */
function asItIs<Result>(result: Result): Result {
  return result;
}

function first<R>(shape: TableShape, [row]: readonly Row[]): R | undefined {
  return row === undefined ? undefined : (shape.toRow(row) as R);
}

function keyOf(shape: TableShape, row: Row): unknown {
  const [only, ...others] = shape.key;
  if (only !== undefined && others.length === 0) return row[only.property];
  return Object.fromEntries(shape.key.map(({ property }) => [property, row[property]]));
}
