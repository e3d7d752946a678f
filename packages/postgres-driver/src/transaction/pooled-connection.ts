import type { Statement } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { SharedCommit } from './shared-commit.js';

/** A connection on loan from the pool. */
export interface PooledConnection {
  readonly connection: PostgresConnection;
  /** Counts the callers who waited together with this one. */
  joinedBy(others: number): void;
  /** Whether a statement certainly leaves nothing in the session. */
  keepsSession(statement: Statement): boolean;
  /** Returns the connection. It is lent again, or closed, when its session was reset, for which the caller need not wait. */
  release(): void;
  /** Set where transactions may share a COMMIT. */
  readonly shared?: SharedCommit | undefined;
}
