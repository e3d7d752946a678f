import {
  ConflictError,
  type ExecuteOptions,
  type Statement,
  sharedCommitError,
  yieldedError,
} from '@sluice/core';
import type { SharedCommit } from './shared-commit.js';

/** How long rolling a member back may take before the connection is destroyed, in milliseconds. */
const ROLLBACK_GRACE_MS = 5000;

/**
 * How long a member may delay the COMMIT of earlier members before it is rolled back and replayed alone, in milliseconds. The time includes its
 * statements, which may wait for locks of other transactions. On SQLite, where nothing else holds a lock, a member is rolled back after 5 ms without a call.
 */
const MAX_MEMBER_MS = 100;

/**
 * One transaction's membership in a {@link SharedCommit}. Only statements whose sole effect is on rows may run in it, because any other effect could
 * reach the next member. A member that keeps earlier ones waiting for too long is evicted: rolled back, and replayed alone.
 */
export class SharedCommitMember {
  readonly #shared: SharedCommit;
  readonly #commit: () => Promise<void>;
  readonly #savepoint: string | undefined;
  readonly #eviction = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  /** Resolves, and never rejects, when the running statement has ended. */
  #running: Promise<unknown> = Promise.resolve();
  #hasBegun = false;
  #state: 'active' | 'ended' | 'evicted' = 'active';

  /** @param commit sends COMMIT for all members. */
  constructor(shared: SharedCommit, commit: () => Promise<void>) {
    this.#shared = shared;
    this.#commit = commit;
    if (shared.memberNumber === 1) return;
    // The name is unique: if SAVEPOINT was never executed, ROLLBACK TO must fail and not roll another member back.
    this.#savepoint = `sluice_member_${shared.memberNumber}`;
    this.#timer = setTimeout(() => void this.#evict(), MAX_MEMBER_MS);
  }

  /** The SAVEPOINT to send before the first statement, in place of BEGIN; `undefined` for the first member, which sends BEGIN. */
  get begin(): string | undefined {
    return this.#savepoint === undefined ? undefined : `savepoint ${this.#savepoint}`;
  }

  /**
   * Checks that a statement may run in a shared COMMIT. The first member may run any statement; others then cannot join.
   *
   * @throws ConflictError where the transaction must be replayed alone. The statement was not sent then.
   */
  admit(statement: Statement | undefined): void {
    this.#assertNotEvicted();
    if (statement?.isContained) return;
    if (this.#savepoint === undefined) {
      this.#shared.close();
      return;
    }
    this.#shared.suspendSharing();
    throw replayAlone('A statement of this transaction may reach into those it shared a COMMIT with');
  }

  /** Runs an admitted statement. @throws what `send` throws, or ConflictError when the member was evicted meanwhile. */
  async run<T>(options: ExecuteOptions, send: (options: ExecuteOptions) => Promise<T>): Promise<T> {
    this.#hasBegun = true;
    this.#shared.noteSnapshot();
    if (this.#savepoint === undefined) return send(options);
    const running = send({ ...options, signal: this.#signal(options.signal) });
    this.#running = running.catch(ignore);
    try {
      return await running;
    } catch (error) {
      this.#assertNotEvicted();
      throw error;
    }
  }

  /** Admits no further members after a conflict, because nothing in this transaction can be committed then. */
  noteConflict(): void {
    this.#shared.close();
  }

  /** Resolves when the shared COMMIT has succeeded. @throws ConflictError where the transaction must be replayed, or the error of the COMMIT. */
  async commit(): Promise<void> {
    this.#assertNotEvicted();
    this.#end('ended');
    if (this.#shared.connection.status !== 'T') this.#shared.close();
    if (this.#savepoint === undefined || this.#shared.connection.status === 'T')
      return this.#shared.finish(this.#commit);
    await this.#rollBack();
    throw replayAlone('A statement of this transaction failed');
  }

  /**
   * Rolls this member back and waits for the COMMIT of the earlier ones, because the caller's result may depend on their changes. Not for the
   * first member, which has none before it.
   *
   * @throws ConflictError when that COMMIT failed.
   */
  async rollback(): Promise<void> {
    if (this.#state !== 'active') return;
    this.#end('ended');
    await this.#rollBack();
    if (this.#hasBegun && !(await this.#shared.isCommitted())) throw sharedCommitError();
  }

  /** Whether this is the first member, whose ROLLBACK ends the whole transaction. */
  get isFirst(): boolean {
    return this.#savepoint === undefined;
  }

  async #evict(): Promise<void> {
    this.#end('evicted');
    this.#shared.suspendSharing();
    this.#eviction.abort();
    await this.#running;
    await this.#rollBack();
  }

  async #rollBack(): Promise<void> {
    try {
      if (this.#hasBegun && !this.#shared.connection.isLost) {
        const options = {
          isScript: true,
          keepsSession: true,
          deadline: performance.now() + ROLLBACK_GRACE_MS,
          onInterrupt: 'destroy',
        } as const;
        await this.#shared.connection.run(`rollback to savepoint ${this.#savepoint}`, [], options);
      }
    } catch {
      this.#shared.connection.destroy();
    }
    await this.#shared.finishRolledBack(this.#commit);
  }

  #end(state: 'ended' | 'evicted'): void {
    clearTimeout(this.#timer);
    this.#state = state;
  }

  #assertNotEvicted(): void {
    if (this.#state === 'evicted') throw yieldedError();
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#eviction.signal : AbortSignal.any([signal, this.#eviction.signal]);
  }
}

function replayAlone(why: string): ConflictError {
  return new ConflictError('serialization', `${why}; it was undone and is made again by itself.`);
}

function ignore(): void {}
