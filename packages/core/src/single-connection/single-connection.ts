import type { Catalog } from '../catalog/catalog.js';
import type { Row, StatementResult } from '../driver/driver.js';

/**
 * The only connection to an engine, for engines that run inside the process or whose file only one connection may open.
 * `SingleConnectionDatabase` makes a whole Database of it. It calls one method at a time: the next one when the promise before it has settled.
 *
 * Every error is a SluiceError with the engine's error as `cause`.
 */
export interface SingleConnection {
  /** Runs one statement; BEGIN, COMMIT, ROLLBACK and SAVEPOINT too. It must not block the event loop: run a synchronous engine on a thread. */
  run(sql: string, parameters: readonly unknown[]): Promise<StatementResult>;
  /**
   * Reads the rows of a statement in batches of about `batchSize`, each one when the caller asks for it. It is called inside a transaction, which
   * may end before the iteration does.
   */
  read(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<readonly Row[]>;
  /** Whether a transaction is open after the last statement. */
  readonly isInTransaction: boolean;
  /** Reads which tables and columns the database has now. */
  catalog(): Promise<Catalog>;
  /** Frees every thread, handle and file. */
  close(): Promise<void>;
}
