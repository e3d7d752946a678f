import { CommitUnknownError, ConflictError, ConnectionError } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';

/** Most transactions that end in one COMMIT: PostgreSQL keeps 64 subtransactions of one transaction at hand, and each may hold a few locks. */
const MOST_MEMBERS = 32;

/** How long after the first of them is done another one may still begin, in milliseconds. */
const LONGEST_HOLD_MS = 10;

/** The writers that wait for one hot spot. */
export interface HotSpot {
  /** Gives `shared` to the writer that comes next, if it waited already at `since` and may share; tells whether it did. */
  admit(shared: SharedCommit, since: number): boolean;
  /** Lets no transactions share a COMMIT here for a while. */
  bar(): void;
}

/**
 * Transactions of one hot spot that run one after the other inside of one PostgreSQL transaction, each behind a savepoint of its own, and are
 * committed by one COMMIT. One after the other is a serial order, and they save what makes a hot spot slow: the flush of each COMMIT, which the
 * next one would have to wait for.
 *
 * Only writers that waited already when the snapshot was taken take part, so that everything they may know of is in it.
 */
export class SharedCommit {
  readonly connection: PostgresConnection;
  readonly #hotSpot: HotSpot;
  readonly #ended = Promise.withResolvers<void>();
  #snapshotAt: number | undefined;
  #firstDoneAt = Number.POSITIVE_INFINITY;
  #seated = 1;
  #done = 0;
  #isClosed = false;

  constructor(hotSpot: HotSpot, connection: PostgresConnection) {
    this.connection = connection;
    this.#hotSpot = hotSpot;
    this.#ended.promise.catch(ignore);
  }

  /** Which transaction is at work, from 1. */
  get seat(): number {
    return this.#seated;
  }

  /** Called before the first statement is sent. */
  noteSnapshot(): void {
    this.#snapshotAt ??= performance.now();
  }

  /** Lets nobody begin any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** The same, and nobody shares a COMMIT at this hot spot for a while. */
  bar(): void {
    this.close();
    this.#hotSpot.bar();
  }

  /** The transaction at work is done. Resolves when it is committed; `commit` is called when there is none to leave it to. */
  finish(commit: () => Promise<void>): Promise<void> {
    this.#done += 1;
    this.#firstDoneAt = Math.min(this.#firstDoneAt, performance.now());
    if (!this.#passOn()) void this.#commit(commit);
    return this.#ended.promise;
  }

  /** The transaction at work has been undone. Resolves when that of the others is seen to. */
  async finishWithout(commit: () => Promise<void>): Promise<void> {
    if (this.#done > 0 && !this.#passOn()) await this.#commit(commit);
  }

  /** Whether those who were done before were committed, once that is known. */
  isCommitted(): Promise<boolean> {
    if (this.#done === 0) return Promise.resolve(true);
    return this.#ended.promise.then(
      () => true,
      () => false,
    );
  }

  #passOn(): boolean {
    const since = this.#snapshotAt;
    if (this.#isClosed || this.connection.isLost || since === undefined || this.#seated >= MOST_MEMBERS)
      return false;
    if (performance.now() - this.#firstDoneAt > LONGEST_HOLD_MS) return false;
    this.#seated += 1;
    if (this.#hotSpot.admit(this, since)) return true;
    this.#seated -= 1;
    return false;
  }

  async #commit(commit: () => Promise<void>): Promise<void> {
    try {
      await commit();
      this.#ended.resolve();
    } catch (error) {
      this.#ended.reject(this.#explain(error));
    }
  }

  /** Of several, nobody can tell whose fault a COMMIT's failure was, such as a deferred constraint's: each is made again by itself. */
  #explain(error: unknown): unknown {
    if (this.#done === 1 || isOutcomeOfAll(error)) return error;
    this.#hotSpot.bar();
    const message = 'The COMMIT that this transaction shared with others failed; nothing of it is stored.';
    return new ConflictError('serialization', message, { cause: error });
  }
}

/** A conflict, a lost connection and an unknown outcome are the same for each of them. */
function isOutcomeOfAll(error: unknown): boolean {
  return [ConflictError, ConnectionError, CommitUnknownError].some((kind) => error instanceof kind);
}

function ignore(): void {}
