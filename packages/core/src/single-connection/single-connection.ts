import type { Catalog } from '../catalog/catalog.js';
import type { Row, StatementResult } from '../driver/driver.js';

/**
 * The only connection to an engine: one inside the process, or one whose file a single connection may open. `SingleConnectionDatabase` makes a
 * whole Database of it. One method is called at a time, and the next one after its promise has settled.
 *
 * Every error is a SluiceError with the engine's error as `cause`.
 */
export interface SingleConnection {
  /** Runs one statement, also BEGIN, COMMIT, ROLLBACK and those of savepoints. It may not block the event loop: run the engine on a thread. */
  run(sql: string, parameters: readonly unknown[]): Promise<StatementResult>;
  /**
   * Reads the rows of a statement in batches of about `batchSize`, each no sooner than it is asked for. Always inside a transaction, which may end
   * before the iteration does.
   */
  read(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<readonly Row[]>;
  /** Whether a transaction was open after the last statement. */
  readonly isInTransaction: boolean;
  /** Reads the tables the database has now. */
  catalog(): Promise<Catalog>;
  /** Frees every thread, handle and file. */
  close(): Promise<void>;
}
