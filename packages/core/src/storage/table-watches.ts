import { type Catalog, type CatalogTable, findNamed } from '../catalog/catalog.js';
import type { Database, ExecuteOptions } from '../driver/driver.js';
import { AbortedError } from '../errors/flow-errors.js';
import { unknownTable } from '../errors/invalid-query.js';
import { UnsupportedError, UsageError } from '../errors/usage-errors.js';
import type { Naming } from '../naming/naming.js';
import { type OnReplay, replay } from '../transaction/replay.js';
import { OpenTableWatch } from './open-table-watch.js';
import type { TableWatch } from './table-watch.js';

/** What a {@link TableWatches} needs of its storage. */
export interface TableWatchesSource {
  readonly database: Pick<Database, 'watch'>;
  readonly naming: Naming;
  /** Reads the tables again, and those of other schemas that are named. */
  readonly readCatalog: (names: readonly string[], options: ExecuteOptions) => Promise<Catalog>;
  readonly onReplay: OnReplay;
}

/** The open watches of a storage. */
export class TableWatches {
  readonly #source: TableWatchesSource;
  readonly #open = new Set<TableWatch>();
  #isClosed = false;

  constructor(source: TableWatchesSource) {
    this.#source = source;
  }

  /**
   * Opens a watch. It reports every change that is committed after the promise resolves.
   *
   * @throws UsageError `unknown_table` or `invalid_query`; UnsupportedError; what the driver throws.
   */
  async open<T extends string>(tables: readonly T[], options: ExecuteOptions): Promise<TableWatch<T>> {
    const named = await this.#names(tables, options);
    const { signal } = options;
    const stop = Promise.withResolvers<() => Promise<void>>();
    const watch = new OpenTableWatch<T>(async () => {
      this.#open.delete(watch);
      signal?.removeEventListener('abort', abort);
      await (await stop.promise)();
    });
    const abort = (): void =>
      watch.fail(new AbortedError('The watch was aborted.', { cause: signal?.reason }));
    const listener = {
      changed: (changed: readonly string[]) =>
        watch.changed(changed.flatMap((table) => named.get(table) ?? [])),
      failed: watch.fail.bind(watch),
    };
    const begin = (): Promise<() => Promise<void>> => this.#begin([...named.keys()], listener, options);
    stop.resolve(await replay(begin, options, this.#source.onReplay));
    this.#open.add(watch);
    if (this.#isClosed) await watch.close();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    return watch;
  }

  /** Closes every watch. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((watch) => watch.close()));
  }

  #begin(...parameters: Parameters<NonNullable<Database['watch']>>): Promise<() => Promise<void>> {
    const { database } = this.#source;
    if (database.watch !== undefined) return database.watch(...parameters);
    throw new UnsupportedError('The driver does not tell of changes.', { operation: parameters[2].label });
  }

  /** Maps the database's names of the tables to the application's. */
  async #names<T extends string>(
    tables: readonly T[],
    options: ExecuteOptions,
  ): Promise<ReadonlyMap<string, readonly T[]>> {
    if (tables.length === 0) throw new UsageError('invalid_query', 'Name at least one table to watch.');
    const wanted = tables.map((table) => [this.#source.naming.toColumn(table), table] as const);
    const catalog = await this.#source.readCatalog(
      wanted.map(([name]) => name),
      options,
    );
    const named = new Map<string, T[]>();
    for (const [name, table] of wanted) {
      const { name: found } = watchable(catalog, table, name);
      named.set(found, [...(named.get(found) ?? []), table]);
    }
    return named;
  }
}

/** @param table the application's name of it. @param name the database's. */
function watchable(catalog: Catalog, table: string, name: string): CatalogTable {
  const found = findNamed(catalog, name);
  if (found === undefined) throw unknownTable(table, name);
  if (!found.isView) return found;
  throw new UsageError('invalid_query', `"${table}" is a view. Watch the tables that it reads.`);
}
