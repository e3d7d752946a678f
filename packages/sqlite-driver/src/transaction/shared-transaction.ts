import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { ThreadReply } from '../thread/thread-protocol.js';
import { DONE } from '../thread/thread-protocol.js';
import { beginLocked } from './lock-wait.js';

/**
 * Where the writer's connection is in a transaction that several callers share: the first works in the transaction itself, each that follows
 * in a savepoint, so that it can be undone alone.
 */
export class SharedTransaction {
  #hasSavepoint = false;

  /** Lets the next caller in, whose turn it is because the one before has finished. */
  enter(connection: ThreadConnection, flags: ThreadFlags): ThreadReply {
    if (!connection.inTransaction) {
      this.#hasSavepoint = false;
      return beginLocked(connection, flags);
    }
    if (this.#hasSavepoint) connection.control('release sluice_member');
    connection.control('savepoint sluice_member');
    this.#hasSavepoint = true;
    connection.refreshSchema();
    return { outcomes: [DONE] };
  }

  /** Undoes what the last caller did. False when that is the whole transaction. */
  undoLast(connection: ThreadConnection): boolean {
    if (!this.#hasSavepoint || !connection.inTransaction) return false;
    connection.control('rollback to sluice_member');
    connection.control('release sluice_member');
    connection.forgetSchema();
    this.#hasSavepoint = false;
    return true;
  }

  /** The transaction has ended. */
  end(): void {
    this.#hasSavepoint = false;
  }
}
