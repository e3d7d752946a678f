import { setTimeout as delay } from 'node:timers/promises';
import {
  type ExecuteOptions,
  Lane,
  type LaneMetrics,
  type Lease,
  type SluiceError,
  type WaitOptions,
} from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import { type LeaseFailure, ThreadLease } from '../thread/thread-lease.js';
import type { ConnectionOptions } from '../thread/thread-protocol.js';
import type { OpenSnapshots } from '../wal/open-snapshots.js';
import { ReaderThreads } from './reader-threads.js';

/** How long a reader may continue after its caller was cancelled, before another thread takes its place. */
const GRACE_MS = 250;

/** The use of a reader: `single` for one statement, `snapshot` for a snapshot that stays open between calls. */
export type ReaderUse = 'single' | 'snapshot';

/** Deadline and signal of the wait for a reader, and the caller's label and stack. */
export type ReaderWait = WaitOptions & Pick<ExecuteOptions, 'label' | 'origin'>;

/** How many readers may be in use at once, for each use. */
export interface ReaderLimits {
  readonly readers: number;
  readonly snapshots: number;
  readonly queueLimit: number;
  readonly threadIdleMs: number;
  readonly warm: boolean;
}

/** A pool of threads with read-only connections, which start when they are needed. */
export class ReaderPool {
  readonly #lanes: Readonly<Record<ReaderUse, Lane>>;
  readonly #limits: ReaderLimits;
  readonly #snapshots: OpenSnapshots;
  readonly #threads: ReaderThreads;
  /** Threads that did not return from SQLite after their caller was cancelled. Each ends as soon as it returns. */
  readonly #runaway = new Set<SqliteThread>();

  constructor(options: ConnectionOptions, limits: ReaderLimits, openSnapshots: OpenSnapshots) {
    const { readers, snapshots, queueLimit, threadIdleMs, warm } = limits;
    this.#threads = new ReaderThreads(options, { idleMs: threadIdleMs, kept: warm ? readers : 0 });
    this.#limits = limits;
    this.#snapshots = openSnapshots;
    this.#lanes = {
      single: new Lane({ name: 'a reader', permits: readers, queueLimit }),
      snapshot: new Lane({ name: 'a snapshot', permits: snapshots, queueLimit }),
    };
  }

  /** Starts the threads for single reads before they are needed. */
  warm(): Promise<Failure | undefined> {
    return this.#threads.warm();
  }

  /**
   * Waits for a reader.
   *
   * @throws ClosedError; OverloadedError, TimeoutError or AbortedError when the wait ends first.
   */
  async acquire(use: ReaderUse, wait: ReaderWait): Promise<ThreadLease | LeaseFailure> {
    const lease = await this.#lanes[use].acquire(wait);
    const thread = await this.#threads.take();
    if ('failure' in thread) {
      lease.release();
      return thread;
    }
    const acquired = new ThreadLease(thread, (_, work) => {
      if (work === undefined) ended();
      else void work.finally(ended);
      if (work === undefined) this.#giveBack(thread, lease);
      else void this.#awaitReturn(thread, lease, work);
    });
    const origin =
      use === 'snapshot' ? (wait.origin ?? new Error('The snapshot was begun here.')) : undefined;
    const end = (createError: () => SluiceError): void => acquired.revoke(createError);
    const ended = this.#snapshots.add({ label: wait.label, origin, end });
    return acquired;
  }

  laneMetrics(): LaneMetrics {
    return this.#lanes.single.metrics();
  }

  /** Figures for the driver's own metrics. */
  engineMetrics(): Record<string, number> {
    const snapshots = this.#lanes.snapshot.metrics();
    const { hits, misses } = this.#threads.preparedCounts();
    return {
      readerThreads: this.#threads.count,
      runawayReaders: this.#runaway.size,
      snapshotsHeld: snapshots.held,
      readerStatementHits: hits,
      readerStatementMisses: misses,
    };
  }

  /** Refuses new calls, waits for those in flight, and ends all threads. */
  async close(): Promise<void> {
    await Promise.all([this.#lanes.single.close(), this.#lanes.snapshot.close()]);
    await this.#threads.close();
    await Promise.all([...this.#runaway].map((thread) => thread.ended));
  }

  #giveBack(thread: SqliteThread, lease: Lease): void {
    this.#threads.giveBack(thread);
    lease.release();
  }

  async #awaitReturn(thread: SqliteThread, lease: Lease, finished: Promise<unknown>): Promise<void> {
    const mayReplace = this.#runaway.size < this.#limits.readers;
    const grace = new AbortController();
    const isBack = finished.then(() => true);
    const hasReturned = mayReplace
      ? await Promise.race([isBack, delay(GRACE_MS, false, { signal: grace.signal }).catch(() => true)])
      : await isBack;
    grace.abort();
    if (hasReturned) return this.#giveBack(thread, lease);
    this.#runaway.add(thread);
    void thread.terminate().then(() => this.#runaway.delete(thread));
    lease.release();
  }
}
