import type { Kysely } from 'kysely';
import type { CallOptions } from '../call/call-options.js';
import type { Repositories } from '../repository/repository.js';

/** Options of `storage.snapshot`. `timeoutMs` and `signal` are those of the wait for the snapshot, not of its life. */
export interface SnapshotOptions extends CallOptions {
  /**
   * How long the snapshot may be open, in milliseconds, 1 or more. Then it ends by itself, with a warning `snapshot_expired` that names its label and where it was made.
   * A call that runs ends in a TimeoutError, later ones in a SnapshotTooOldError. `Infinity`: it never does. Default 600,000.
   */
  readonly maxMs?: number | undefined;
  /** As {@link TransactionOptions.after}. */
  readonly after?: string | undefined;
}

/**
 * One consistent state of the database to read from, for as long as it is held: what is committed meanwhile is not in it, and no writer waits for it. Its calls run one
 * after the other; while a stream of it is being read, others are refused, as in a transaction. `timeoutMs` of a call is by default the storage's. Writes are refused. A
 * statement that the engine refuses, or that is cancelled, ends the snapshot for all later calls (`transaction_broken`).
 */
export interface StorageSnapshot<DB> extends Repositories<DB>, AsyncDisposable {
  /** Any query that reads. */
  readonly kysely: Kysely<DB>;
  /** Ends the snapshot and its open streams, and frees its connection. May be called again. Never rejects. `await using` calls it. */
  close(): Promise<void>;
}
