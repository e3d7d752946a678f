import { availableParallelism } from 'node:os';
import type { WaitOptions } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import { PreparedTotal } from '../thread/prepared-total.js';
import type { ThreadHolder } from '../thread/shared-threads.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { LeaseFailure } from '../thread/thread-lease.js';
import type { ConnectionOptions, PreparedCounts } from '../thread/thread-protocol.js';
import { Watch } from '../thread/watch.js';
import { openReader } from './open-reader.js';

interface IdleThread {
  readonly thread: SqliteThread;
  readonly since: number;
}

/** How long a reader thread may be idle, and how many are kept in any case. */
export interface IdleLimits {
  readonly idleMs: number;
  readonly kept: number;
}

/**
 * The reader threads of a database. They start when they are needed, only as many at a time as there are CPU cores: a caller gets the first that is
 * free, be it new or given back. A thread that was idle for a time ends.
 */
export class ReaderThreads implements ThreadHolder {
  readonly #options: ConnectionOptions;
  readonly #limits: IdleLimits;
  readonly #prepared = new PreparedTotal();
  /** The one that was given back last is the last, and is taken first. */
  #idle: IdleThread[] = [];
  readonly #waiting: ((thread: SqliteThread | LeaseFailure) => void)[] = [];
  readonly #starting = new Set<Promise<void>>();
  readonly #ending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #isClosed = false;

  constructor(options: ConnectionOptions, limits: IdleLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Hits and misses of their prepared statements. */
  preparedCounts(): PreparedCounts {
    return this.#prepared.counts();
  }

  /**
   * A thread, which the caller gives back. One that starts after the wait has ended is kept for the next caller.
   *
   * @throws TimeoutError or AbortedError when the wait ends first.
   */
  take(wait: WaitOptions): Promise<SqliteThread | LeaseFailure> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop())
      if (idle.thread.isAlive) return Promise.resolve(idle.thread);
    const { promise, resolve, reject } = Promise.withResolvers<SqliteThread | LeaseFailure>();
    this.#waiting.push(resolve);
    const watch = new Watch([wait], (_, createError) => {
      const index = this.#waiting.indexOf(resolve);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(createError());
    });
    this.#startForWaiting();
    return promise.finally(() => watch.stop());
  }

  /** Takes a thread back. */
  giveBack(thread: SqliteThread): void {
    if (!thread.isAlive) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting(thread);
      return;
    }
    this.#idle.push({ thread, since: performance.now() });
    this.#timer ??= this.#lookAfter(this.#limits.idleMs);
  }

  get idleSince(): number | undefined {
    return this.#count > this.#limits.kept ? this.#idle[0]?.since : undefined;
  }

  async giveUp(): Promise<boolean> {
    const first = this.#count > this.#limits.kept ? this.#idle.shift() : undefined;
    if (first === undefined) return false;
    await this.#end(first.thread);
    return true;
  }

  /** Starts those that are kept in any case. */
  async warm(): Promise<Failure | undefined> {
    const taken = await Promise.all(Array.from({ length: this.#limits.kept }, () => this.take({})));
    for (const thread of taken) if (!('failure' in thread)) this.giveBack(thread);
    return taken.find((thread) => 'failure' in thread)?.failure;
  }

  /** Ends all threads. They must have been given back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#starting);
    for (const { thread } of this.#idle.splice(0)) void this.#end(thread);
    await Promise.all(this.#ending);
  }

  #startForWaiting(): void {
    const isEnough = this.#starting.size >= Math.min(this.#waiting.length, availableParallelism());
    if (isEnough || this.#isClosed) return;
    const starting = this.#start().finally(() => {
      this.#starting.delete(starting);
      this.#startForWaiting();
    });
    this.#starting.add(starting);
  }

  async #start(): Promise<void> {
    const opened = await openReader(this.#options, this);
    if (opened.kind === 'failure') return this.#waiting.shift()?.(opened);
    const { thread } = opened;
    this.#count += 1;
    this.#prepared.add(thread);
    void thread.ended.then(() => {
      this.#count -= 1;
    });
    this.giveBack(thread);
  }

  #lookAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#endIdle(), Math.ceil(ms)).unref();
  }

  #endIdle(): void {
    const now = performance.now();
    const isDue = ({ since }: IdleThread): boolean => since + this.#limits.idleMs <= now;
    const ending = this.#idle.slice(0, Math.max(0, this.#count - this.#limits.kept)).filter(isDue);
    this.#idle = this.#idle.slice(ending.length);
    for (const { thread } of ending) void this.#end(thread);
    const next = this.#count - ending.length > this.#limits.kept ? this.#idle[0] : undefined;
    this.#timer = next === undefined ? undefined : this.#lookAfter(next.since + this.#limits.idleMs - now);
  }

  #end(thread: SqliteThread): Promise<void> {
    const ending = thread.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    return ending;
  }
}
