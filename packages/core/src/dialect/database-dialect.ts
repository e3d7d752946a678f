import {
  CompiledQuery,
  createQueryId,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  IdentifierNode,
  type Kysely,
  type Driver as KyselyDriver,
  type QueryCompiler,
  RawNode,
  type TransactionSettings,
} from 'kysely';
import type { Database, DatabaseSql, ExecuteOptions } from '../driver/driver.js';
import { FixingCompiler } from './fixing-compiler.js';
import {
  type ConnectionDatabase,
  LaneConnection,
  type LaneConnectionOptions,
  type TypedLane,
} from './lane-connection.js';
import { SharedOpening } from './shared-opening.js';

/** The part of a database that a dialect uses. */
export type DialectDatabase = ConnectionDatabase & Pick<Database, 'close'>;

/** The options of a {@link DatabaseDialect}. */
export interface DatabaseDialectOptions {
  readonly sql: DatabaseSql;
  /** Opens the database; called before the first query, and again after all who used it have closed it. */
  readonly open: () => Promise<DialectDatabase>;
  /** Returns the options of each query and transaction. Default: none. */
  readonly executeOptions?: () => ExecuteOptions;
  readonly typed?: TypedLane;
  /** What a signal that Kysely passes does to a query that runs: see {@link LaneConnectionOptions}. Default `finish`. */
  readonly onAbort?: LaneConnectionOptions['onAbort'];
}

/**
 * A Kysely dialect over a Sluice database. Single statements and transactions pass through the driver's queues, like any other call. All Kysely instances that
 * it is given to share one database, which the last one closes.
 */
export class DatabaseDialect implements Dialect {
  readonly #options: DatabaseDialectOptions;
  readonly #database: SharedOpening<DialectDatabase>;

  constructor(options: DatabaseDialectOptions) {
    this.#options = options;
    this.#database = new SharedOpening(options.open);
  }

  createDriver(): KyselyDriver {
    return new LaneDriver(this.#database, this.#options);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#options.typed?.queries ?? new FixingCompiler(this.#options.sql);
  }

  createAdapter(): DialectAdapter {
    return this.#options.sql.createAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return this.#options.sql.createIntrospector(db);
  }
}

/** Kysely's driver. Its connections are virtual: they hold none of the database's until a statement runs or a transaction begins. */
class LaneDriver implements KyselyDriver {
  readonly #options: DatabaseDialectOptions;
  readonly #opening: SharedOpening<DialectDatabase>;
  #database: DialectDatabase | undefined;

  constructor(opening: SharedOpening<DialectDatabase>, options: DatabaseDialectOptions) {
    this.#opening = opening;
    this.#options = options;
  }

  async init(): Promise<void> {
    this.#database = await this.#opening.enter();
  }

  async acquireConnection(): Promise<LaneConnection> {
    if (this.#database === undefined) throw new Error('Kysely did not initialise the driver.');
    const { executeOptions = () => ({}), typed, onAbort, sql } = this.#options;
    const { countsDefinitions } = sql;
    return LaneConnection.to(this.#database, executeOptions, { typed, onAbort, countsDefinitions });
  }

  beginTransaction(connection: LaneConnection, settings: TransactionSettings): Promise<void> {
    const shown = this.#options.sql.begin?.(settings) ?? 'begin';
    return connection.perform(CompiledQuery.raw(shown), () => connection.begin(settings));
  }

  commitTransaction(connection: LaneConnection): Promise<void> {
    return connection.perform(CompiledQuery.raw('commit'), () => connection.commit());
  }

  rollbackTransaction(connection: LaneConnection): Promise<void> {
    return connection.perform(CompiledQuery.raw('rollback'), () => connection.rollback());
  }

  savepoint(connection: LaneConnection, name: string, compile: Compile): Promise<void> {
    return connection.perform(command('savepoint', name, compile), () =>
      connection.control(`savepoint ${quote(name)}`),
    );
  }

  rollbackToSavepoint(connection: LaneConnection, name: string, compile: Compile): Promise<void> {
    return connection.perform(command('rollback to', name, compile), () =>
      connection.rollbackToSavepoint(quote(name)),
    );
  }

  releaseSavepoint(connection: LaneConnection, name: string, compile: Compile): Promise<void> {
    return connection.perform(command('release', name, compile), () =>
      connection.control(`release savepoint ${quote(name)}`),
    );
  }

  releaseConnection(connection: LaneConnection): Promise<void> {
    return connection.release();
  }

  async destroy(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    if (database !== undefined) await this.#opening.leave(database);
  }
}

type Compile = QueryCompiler['compileQuery'];

/** A command about a savepoint as Kysely's own dialects log it. */
function command(text: string, savepoint: string, compile: Compile): CompiledQuery {
  const node = RawNode.create([`${text} `, ''], [IdentifierNode.create(savepoint)]);
  return compile(node, createQueryId());
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
