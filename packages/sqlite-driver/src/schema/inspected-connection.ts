import type { SqliteValue } from '../values/sqlite-value.js';

/** A failed statement with its parameters, so that it can be run again. */
export interface FailedStatement {
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
}

/** The part of a connection that is needed to read the schema and to find a violated constraint. */
export interface InspectedConnection {
  readonly inTransaction: boolean;
  /** Reads rows for the driver's own use. */
  rows<R>(sql: string, ...parameters: readonly SqliteValue[]): R[];
  /** Reads a pragma's rows. */
  pragma(sql: string): unknown[];
  /** Runs a statement once more and discards its rows. */
  runAgain(statement: FailedStatement): void;
  /** Runs `work` inside the open transaction and rolls back what it did. */
  undoing<T>(work: () => T): T;
}
