import { type Failure, toFailure } from '../errors/failure.js';
import { IdleTimer } from './idle-timer.js';
import { openThread } from './open-thread.js';
import { PreparedTotal } from './prepared-total.js';
import type { ThreadHolder } from './shared-threads.js';
import type { SqliteThread } from './sqlite-thread.js';
import type { ConnectionOptions, PreparedCounts } from './thread-protocol.js';

/** What an {@link OnDemandThread} is made with. */
export interface OnDemandThreadOptions {
  /** The module that the thread runs. */
  readonly entry: URL;
  readonly connection: ConnectionOptions;
  /** How long it may be idle before it ends; `undefined`: it never ends. */
  readonly idleMs: number | undefined;
  /** Whether it may end now. It is called when the thread is idle, and may use it. */
  readonly mayEnd: (thread: SqliteThread) => boolean | Promise<boolean>;
  /** Called when it was started or has ended, or could not be started. */
  readonly onChanged: (failure?: Failure) => void;
}

/** A thread that starts when it is needed, and ends when it was idle for a time, or when another file needs it. */
export class OnDemandThread implements ThreadHolder {
  readonly #options: OnDemandThreadOptions;
  readonly #idle: IdleTimer | undefined;
  readonly #prepared = new PreparedTotal();
  #thread: SqliteThread | undefined;
  #change: Promise<unknown> | undefined;
  #restarts = 0;
  #isSettled = false;

  constructor(options: OnDemandThreadOptions) {
    const { idleMs } = options;
    this.#options = options;
    this.#idle = idleMs === undefined ? undefined : new IdleTimer(idleMs, () => void this.giveUp());
  }

  /** The thread; also one that was lost, until it is started again. */
  get current(): SqliteThread | undefined {
    return this.#thread;
  }

  get isRunning(): boolean {
    return this.#thread?.isAlive === true;
  }

  /** Whether it is being started or ended, so that it can not be used. */
  get isChanging(): boolean {
    return this.#change !== undefined;
  }

  /** How often a thread that was lost was replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Hits and misses of its prepared statements, in all threads so far. */
  preparedCounts(): PreparedCounts {
    return this.#prepared.counts();
  }

  /** Starts it. Resolves with the failure, of which `onChanged` is told, too. */
  start(): Promise<Failure | undefined> {
    if (this.#thread !== undefined) this.#restarts += 1;
    const { entry, connection } = this.#options;
    return this.#changing(async () => {
      const opened = await openThread(entry, connection, this);
      if (opened.kind === 'failure') return opened.failure;
      this.#thread = opened.thread;
      this.#prepared.add(opened.thread);
      this.noteUse();
      return undefined;
    });
  }

  get idleSince(): number | undefined {
    return this.isRunning && !this.isChanging && !this.#isSettled ? this.#idle?.usedAt : undefined;
  }

  /** Notes that it was used now. */
  noteUse(): void {
    this.#idle?.note();
  }

  /** No longer ends it when it is idle, or for another file, and waits until it is started or has ended. */
  async settle(): Promise<void> {
    this.#isSettled = true;
    this.#idle?.stop();
    await this.#change;
    this.#idle?.stop();
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.settle();
    await this.#thread?.close();
  }

  /** Ends it if it may end now. */
  async giveUp(): Promise<boolean> {
    const thread = this.#thread;
    if (thread?.isAlive !== true || this.isChanging || this.#isSettled) return false;
    await this.#changing(async () => {
      if (await this.#options.mayEnd(thread)) {
        await thread.close();
        this.#thread = undefined;
      } else this.noteUse();
      return undefined;
    });
    return this.#thread === undefined;
  }

  async #changing(change: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
    const changed = change().catch((error: unknown) => toFailure(error, 'run'));
    this.#change = changed;
    const failure = await changed;
    this.#change = undefined;
    this.#options.onChanged(failure);
    return failure;
  }
}
