import {
  CommitUnknownError,
  CommitWindow,
  ConflictError,
  ConnectionError,
  sharedCommitError,
} from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';

/** The maximum number of members. PostgreSQL caches 64 subtransactions of a transaction, and each member may hold a few locks. */
const MAX_MEMBERS = 32;

/** The writers that wait for one hot spot: rows that all of them write, so that only one can be active at a time. */
export interface HotSpot {
  /** Passes `shared` to the next waiting writer that may share and was waiting before the time `since`. Returns whether there was one. */
  admit(shared: SharedCommit, since: number): boolean;
  /** Stops the sharing of COMMITs at this hot spot for some time. */
  suspendSharing(): void;
}

/**
 * A COMMIT that several transactions share: those of one hot spot, its members, run one after the other in one PostgreSQL transaction, each but the first after a savepoint
 * of its own, and one COMMIT commits them all. Their order is a serial order. It saves the flush of each COMMIT, for which the next writer of a hot
 * spot would have to wait.
 *
 * The rules are those of core's {@link CommitWindow}. Only writers that were waiting before the snapshot was taken may join, so that the snapshot includes
 * everything their callers may know of. A replayed writer may join again, which
 * SQLite's driver forbids, because its conflict may have come from a writer outside.
 */
export class SharedCommit {
  readonly connection: PostgresConnection;
  readonly #hotSpot: HotSpot;
  readonly #ended = Promise.withResolvers<void>();
  readonly #window = new CommitWindow(MAX_MEMBERS);
  #snapshotAt: number | undefined;
  #members = 1;
  #finished = 0;

  constructor(hotSpot: HotSpot, connection: PostgresConnection) {
    this.connection = connection;
    this.#hotSpot = hotSpot;
    this.#ended.promise.catch(ignore);
  }

  /** The number of the active member, from 1. */
  get memberNumber(): number {
    return this.#members;
  }

  /** Records the time of the snapshot. Call it before the first statement is sent. */
  noteSnapshot(): void {
    this.#snapshotAt ??= performance.now();
  }

  /** Admits no further members. */
  close(): void {
    this.#window.close();
  }

  /** Admits no further members, and stops the sharing of COMMITs at this hot spot for some time. */
  suspendSharing(): void {
    this.close();
    this.#hotSpot.suspendSharing();
  }

  /**
   * Ends the active member. The next writer is admitted, or `commit` is called where there is none. Resolves when the COMMIT has succeeded.
   *
   * @throws ConflictError when one of several members, it is unknown which, made the COMMIT fail, or what `commit` throws.
   */
  finish(commit: () => Promise<void>): Promise<void> {
    this.#finished += 1;
    this.#window.noteFinished();
    if (!this.#admitNext()) void this.#commit(commit);
    return this.#ended.promise;
  }

  /** Ends the active member after it was rolled back. Resolves when the next writer is admitted, or the earlier members' COMMIT has ended. */
  async finishRolledBack(commit: () => Promise<void>): Promise<void> {
    if (this.#finished > 0 && !this.#admitNext()) await this.#commit(commit);
  }

  /** Resolves with whether the earlier members were committed, once that is known. */
  isCommitted(): Promise<boolean> {
    if (this.#finished === 0) return Promise.resolve(true);
    return this.#ended.promise.then(
      () => true,
      () => false,
    );
  }

  #admitNext(): boolean {
    const since = this.#snapshotAt;
    if (this.connection.isLost || since === undefined || !this.#window.isOpenFor(this.#members)) return false;
    this.#members += 1;
    if (this.#hotSpot.admit(this, since)) return true;
    this.#members -= 1;
    return false;
  }

  async #commit(commit: () => Promise<void>): Promise<void> {
    try {
      await commit();
      this.#ended.resolve();
    } catch (error) {
      this.#ended.reject(this.#errorForMembers(error));
    }
  }

  /** Of several members it is unknown which one made the COMMIT fail, for example by a deferred constraint. So each gets a conflict and is replayed alone. */
  #errorForMembers(error: unknown): unknown {
    if (this.#finished === 1 || isOutcomeOfAll(error)) return error;
    this.#hotSpot.suspendSharing();
    return sharedCommitError({ cause: error });
  }
}

/** Whether an error has the same meaning for each member: a conflict, a lost connection, an unknown outcome. */
function isOutcomeOfAll(error: unknown): boolean {
  return [ConflictError, ConnectionError, CommitUnknownError].some((kind) => error instanceof kind);
}

function ignore(): void {}
