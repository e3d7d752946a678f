import { ConflictError, type ExecuteOptions, type Statement } from '@sluice/core';
import type { SharedCommit } from './shared-commit.js';

/** How long undoing a transaction may take before the connection is given up. */
const GRACE_MS = 5000;

/** How long a transaction may keep others from their COMMIT before it is undone and made again by itself, in milliseconds. */
const LONGEST_STAY_MS = 100;

/**
 * One transaction's part in a {@link SharedCommit}. Whatever could reach from one transaction into the next keeps it from taking part: only
 * statements that leave nothing behind but rows are let in. A transaction that lets the others wait is undone, and replayed alone.
 */
export class CommitShare {
  readonly #shared: SharedCommit;
  readonly #commit: () => Promise<void>;
  readonly #savepoint: string | undefined;
  readonly #leaving = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  /** Settles, and never rejects, with the statement that runs. */
  #running: Promise<unknown> = Promise.resolve();
  #hasBegun = false;
  #state: 'at work' | 'over' | 'sent away' = 'at work';

  /** @param commit sends COMMIT for all. */
  constructor(shared: SharedCommit, commit: () => Promise<void>) {
    this.#shared = shared;
    this.#commit = commit;
    if (shared.seat === 1) return;
    // A name of its own: were it never made, going back to it must fail, and not undo another one's work.
    this.#savepoint = `sluice_member_${shared.seat}`;
    this.#timer = setTimeout(() => void this.#sendAway(), LONGEST_STAY_MS);
  }

  /** What travels ahead of the first statement in place of BEGIN; `undefined` for the transaction that begins. */
  get begin(): string | undefined {
    return this.#savepoint === undefined ? undefined : `savepoint ${this.#savepoint}`;
  }

  /** @throws ConflictError where the transaction must be made again by itself. Nothing was sent then. */
  admit(statement: Statement | undefined): void {
    this.#assertAtWork();
    if (statement?.isContained) return;
    if (this.#savepoint === undefined) {
      this.#shared.close();
      return;
    }
    this.#shared.bar();
    throw replayAlone('A statement of this transaction may reach into those it shared a COMMIT with');
  }

  /** Runs a statement that was admitted. */
  async run<T>(options: ExecuteOptions, send: (options: ExecuteOptions) => Promise<T>): Promise<T> {
    this.#hasBegun = true;
    this.#shared.noteSnapshot();
    if (this.#savepoint === undefined) return send(options);
    const running = send({ ...options, signal: this.#signal(options.signal) });
    this.#running = running.catch(ignore);
    try {
      return await running;
    } catch (error) {
      this.#assertAtWork();
      throw error;
    }
  }

  /** After a conflict nothing that follows can be committed. */
  noteConflict(): void {
    this.#shared.close();
  }

  /** Resolves when the transaction is committed, together with the others. */
  async commit(): Promise<void> {
    this.#assertAtWork();
    this.#leave('over');
    if (this.#shared.connection.status !== 'T') this.#shared.close();
    if (this.#savepoint === undefined || this.#shared.connection.status === 'T')
      return this.#shared.finish(this.#commit);
    await this.#undo();
    throw replayAlone('A statement of this transaction failed');
  }

  /**
   * Undoes this transaction alone, and waits for the COMMIT of those before it: what its caller is told may rest on what it saw of them. Not for the
   * one that began, which has nobody before it.
   *
   * @throws ConflictError when that COMMIT failed.
   */
  async rollback(): Promise<void> {
    if (this.#state !== 'at work') return;
    this.#leave('over');
    await this.#undo();
    if (this.#hasBegun && !(await this.#shared.isCommitted()))
      throw replayAlone('What this transaction had seen was not committed');
  }

  /** Whether undoing this transaction is undoing all there is. */
  get isFirst(): boolean {
    return this.#savepoint === undefined;
  }

  async #sendAway(): Promise<void> {
    this.#leave('sent away');
    this.#shared.bar();
    this.#leaving.abort();
    await this.#running;
    await this.#undo();
  }

  async #undo(): Promise<void> {
    try {
      if (this.#hasBegun && !this.#shared.connection.isLost) {
        const options = {
          isScript: true,
          deadline: performance.now() + GRACE_MS,
          onInterrupt: 'destroy',
        } as const;
        await this.#shared.connection.run(`rollback to savepoint ${this.#savepoint}`, [], options);
      }
    } catch {
      this.#shared.connection.destroy();
    }
    await this.#shared.finishWithout(this.#commit);
  }

  #leave(state: 'over' | 'sent away'): void {
    clearTimeout(this.#timer);
    this.#state = state;
  }

  #assertAtWork(): void {
    if (this.#state === 'sent away') throw replayAlone('This transaction let others wait for their COMMIT');
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#leaving.signal : AbortSignal.any([signal, this.#leaving.signal]);
  }
}

function replayAlone(why: string): ConflictError {
  return new ConflictError('serialization', `${why}; it was undone and is made again by itself.`);
}

function ignore(): void {}
