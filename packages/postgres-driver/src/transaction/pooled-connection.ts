import type { PostgresConnection } from '../connection/connection.js';
import type { SharedCommit } from './shared-commit.js';

/** A connection on loan from the pool. */
export interface PooledConnection {
  readonly connection: PostgresConnection;
  /** Counts the callers who waited together with this one. */
  joinedBy(others: number): void;
  /** Returns the connection: to the pool when it is known to be clean; otherwise the connection is closed. Never rejects. */
  release(): Promise<void>;
  /** Set where transactions may share a COMMIT. */
  readonly shared?: SharedCommit | undefined;
}
