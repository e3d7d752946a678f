import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { ThreadReply } from '../thread/thread-protocol.js';
import { DONE } from '../thread/thread-protocol.js';
import { beginLocked } from './lock-wait.js';

/**
 * The state of a transaction that several callers share, on the writer's connection. The first caller works in the transaction itself, each later
 * one in a savepoint, so that it can be undone alone.
 */
export class SharedTransaction {
  #hasSavepoint = false;

  /** Begins the work of the next caller; the previous one has finished. Begins the transaction if there is none. */
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

  /** Undoes the work of the last caller. False when there is no savepoint, so that the whole transaction must be rolled back. */
  undoLast(connection: ThreadConnection): boolean {
    if (!this.#hasSavepoint || !connection.inTransaction) return false;
    connection.control('rollback to sluice_member');
    connection.control('release sluice_member');
    connection.forgetSchema();
    this.#hasSavepoint = false;
    return true;
  }

  /** Resets the state after the transaction has ended. */
  end(): void {
    this.#hasSavepoint = false;
  }
}
