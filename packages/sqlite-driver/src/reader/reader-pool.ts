import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ExecuteOptions,
  Lane,
  type LaneMetrics,
  type Lease,
  OverloadedError,
  type SluiceError,
  type Statement,
  type WaitOptions,
} from '@sluice/core';
import { type Failure, STUCK } from '../errors/failure.js';
import { ProcessPool } from '../thread/process-pool.js';
import type { SqliteProcess } from '../thread/sqlite-process.js';
import { SqliteThread } from '../thread/sqlite-thread.js';
import type { StuckStatement } from '../thread/stuck-report.js';
import { noteStuck } from '../thread/stuck-threads.js';
import type { Suspects } from '../thread/suspects.js';
import { type LeaseFailure, ThreadLease } from '../thread/thread-lease.js';
import type { ConnectionOptions } from '../thread/thread-protocol.js';
import type { OpenSnapshots } from '../wal/open-snapshots.js';
import { readerThread } from './open-reader.js';
import { ReaderThreads } from './reader-threads.js';

/** How long a reader may continue after its caller was cancelled, before another thread takes its place. */
const GRACE_MS = 250;

/** How long a statement may continue after that before it counts as stuck. One that had run for as long before is a suspect at once. */
const STUCK_MS = 1000;

/** How many threads may be stuck. From then on only statements that are known to end run in threads: each stuck one uses a core of the machine. */
const MOST_STUCK: number = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));

/** The use of a reader: `single` for one statement, `snapshot` for a snapshot that stays open between calls. */
export type ReaderUse = 'single' | 'snapshot';

/** Deadline and signal of the wait for a reader, and the caller's label and stack. */
export type ReaderWait = WaitOptions & Pick<ExecuteOptions, 'label' | 'origin'>;

/** What a reader is needed for: a statement, or a snapshot whose statements are not known yet. */
export type ReaderWork = Pick<Statement, 'isBounded' | 'sql'> | undefined;

/** How many readers may be in use at once, for each use, and what is done with statements that may not end. */
export interface ReaderLimits {
  readonly readers: number;
  readonly snapshots: number;
  readonly queueLimit: number;
  readonly threadIdleMs: number;
  readonly warm: boolean;
  readonly suspects: Suspects;
  /** Called when one more thread does not return from SQLite. */
  readonly onStuck: (statement: StuckStatement) => void;
}

/** A pool of threads with read-only connections, which start when they are needed. */
export class ReaderPool {
  readonly #lanes: Readonly<Record<ReaderUse, Lane>>;
  readonly #limits: ReaderLimits;
  readonly #snapshots: OpenSnapshots;
  readonly #threads: ReaderThreads;
  readonly #processes: ProcessPool;
  /** Threads that do not return from SQLite although their caller was cancelled. Each ends as soon as it returns. */
  readonly #stuck = new Set<SqliteThread>();
  /** Of threads that were given up: each resolves when its thread returns, or counts as stuck. */
  readonly #late = new Set<Promise<void>>();

  constructor(options: ConnectionOptions, limits: ReaderLimits, openSnapshots: OpenSnapshots) {
    const { readers, snapshots, queueLimit, threadIdleMs, warm } = limits;
    this.#threads = new ReaderThreads(options, { idleMs: threadIdleMs, kept: warm ? readers : 0 });
    this.#limits = limits;
    this.#snapshots = openSnapshots;
    this.#processes = new ProcessPool(readerThread(), options);
    this.#lanes = {
      single: new Lane({ name: 'a reader', permits: readers, queueLimit }),
      snapshot: new Lane({ name: 'a snapshot', permits: snapshots, queueLimit }),
    };
  }

  /** Starts the threads for single reads before they are needed. */
  warm(): Promise<Failure | undefined> {
    return this.#threads.warm();
  }

  /** Whether so many threads are stuck that statements of unknown cost run in processes. */
  get isAtLimit(): boolean {
    return this.#stuck.size >= MOST_STUCK;
  }

  /** The failure that says so, for `health()`. */
  get failure(): Failure | undefined {
    if (!this.isAtLimit) return undefined;
    const message = `${this.#stuck.size} statements were cut off and do not return from SQLite, which cannot be interrupted in a thread. Each uses a core of the machine. Restart this process.`;
    return { code: STUCK, name: 'SqliteError', message, phase: 'run' };
  }

  /** How many threads are stuck. */
  get stuck(): number {
    return this.#stuck.size;
  }

  /**
   * Waits for a reader.
   *
   * @throws ClosedError; OverloadedError, TimeoutError or AbortedError when the wait ends first; OverloadedError when too many threads are stuck and no
   * process can be started.
   */
  async acquire(use: ReaderUse, wait: ReaderWait, work: ReaderWork): Promise<ThreadLease | LeaseFailure> {
    const permit = await this.#lanes[use].acquire(wait);
    const taken = await this.#take(wait, work).catch((error: unknown) => {
      permit.release();
      throw error;
    });
    if (!('failure' in taken)) return this.#lend(taken, permit, use, wait);
    permit.release();
    return taken;
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
      stuckReaders: this.#stuck.size,
      readerProcesses: this.#processes.size,
      readerProcessesKilled: this.#processes.killed,
      snapshotsHeld: snapshots.held,
      readerStatementHits: hits,
      readerStatementMisses: misses,
    };
  }

  /** Refuses new calls, waits for those in flight, and ends all threads and processes. Stuck threads end when they return. */
  async close(): Promise<void> {
    await Promise.all([this.#lanes.single.close(), this.#lanes.snapshot.close()]);
    await Promise.all([this.#threads.close(), ...this.#late, this.#processes.close()]);
  }

  /** Takes a process, when the work needs one, or a thread. */
  async #take(wait: ReaderWait, work: ReaderWork): Promise<Lent['connection'] | LeaseFailure> {
    const process = this.#needsProcess(work) ? await this.#takeProcess(wait) : undefined;
    return process ?? this.#threads.take(wait);
  }

  #needsProcess(work: ReaderWork): boolean {
    if (work === undefined) return this.isAtLimit;
    const { suspects } = this.#limits;
    if (this.isAtLimit) return work.isBounded !== true && !suspects.hasEndedSoon(work.sql);
    return suspects.wasCutOff(work.sql);
  }

  /** `undefined` when none can be started, but a thread may be used. */
  async #takeProcess(wait: ReaderWait): Promise<SqliteProcess | undefined> {
    const taken = this.#limits.suspects.isOn ? await this.#processes.take(wait) : undefined;
    if (taken !== undefined && !('failure' in taken)) return taken;
    if (!this.isAtLimit) return undefined;
    throw new OverloadedError(
      `${this.#stuck.size} statements do not return from SQLite, and no process can be started for others, which could be ended. Reads by key go on. Restart this process. ${taken?.failure.message ?? 'The option childProcesses is off.'}`,
    );
  }

  #lend(connection: Lent['connection'], permit: Lease, use: ReaderUse, wait: ReaderWait): ThreadLease {
    const lease = new ThreadLease(connection, (work) => void this.#takeBack(lent, work));
    const origin =
      use === 'snapshot' ? (wait.origin ?? new Error('The snapshot was begun here.')) : undefined;
    const end = (createError: () => SluiceError): void => lease.revoke(createError);
    let remove = (): void => {};
    // A transaction without a statement has no snapshot yet, which could keep the WAL long.
    lease.onFirstCall(() => {
      remove = this.#snapshots.add({ label: wait.label, origin, end });
    });
    const since = performance.now();
    const lent: Lent = { connection, lease, permit, label: wait.label, since, ended: () => remove() };
    return lease;
  }

  async #takeBack(lent: Lent, work: Promise<unknown> | undefined): Promise<void> {
    const { connection, permit } = lent;
    if (!(connection instanceof SqliteThread)) return this.#takeProcessBack(connection, lent, work);
    if (work !== undefined && !(await this.#returnsSoon(lent, work))) return this.#giveUp(connection, lent);
    lent.ended();
    this.#threads.giveBack(connection);
    permit.release();
  }

  /** A process that does not return is killed. */
  async #takeProcessBack(
    process: SqliteProcess,
    { ended, lease, permit, since }: Lent,
    work: Promise<unknown> | undefined,
  ): Promise<void> {
    const { statement = '' } = lease;
    const { suspects } = this.#limits;
    if (work === undefined) suspects.noteEnded(statement, performance.now() - since);
    else await work;
    if (process.wasKilled) suspects.noteCutOff(statement);
    ended();
    this.#processes.giveBack(process);
    permit.release();
  }

  /** Whether a thread returns from SQLite within the grace. */
  async #returnsSoon({ lease, since }: Lent, work: Promise<unknown>): Promise<boolean> {
    const { suspects } = this.#limits;
    const { statement = '' } = lease;
    const isSuspect = performance.now() - since > STUCK_MS && !suspects.wasCutOff(statement);
    if (isSuspect) suspects.noteCutOff(statement);
    const grace = new AbortController();
    const isLate = delay(GRACE_MS, false, { signal: grace.signal }).catch(() => true);
    const hasReturned = await Promise.race([work.then(() => true), isLate]);
    grace.abort();
    if (hasReturned && isSuspect) suspects.noteReturned(statement);
    return hasReturned;
  }

  /** Goes on without a thread that does not return. */
  #giveUp(thread: SqliteThread, lent: Lent): void {
    lent.ended();
    const returned = [
      this.#snapshots.addStuck(lent.label),
      noteStuck(thread),
      this.#expectStuck(thread, lent),
    ];
    void thread.terminate().then(() => {
      for (const undo of returned) undo();
    });
    thread.abandon();
    lent.permit.release();
  }

  /** Counts the thread as stuck after a while. The returned function takes that back. */
  #expectStuck(thread: SqliteThread, { label, lease }: Lent): () => void {
    const { onStuck, suspects } = this.#limits;
    const { statement = '' } = lease;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#late.add(promise);
    const decided = (): void => {
      this.#late.delete(promise);
      resolve();
    };
    const timer = setTimeout(() => {
      this.#stuck.add(thread);
      suspects.noteCutOff(statement);
      onStuck({ label, sql: lease.statement });
      decided();
    }, STUCK_MS);
    return () => {
      clearTimeout(timer);
      decided();
      this.#stuck.delete(thread);
      suspects.noteReturned(statement);
    };
  }
}

/** A connection in use. */
interface Lent {
  readonly connection: SqliteProcess | SqliteThread;
  readonly lease: ThreadLease;
  readonly permit: Lease;
  readonly label: string | undefined;
  /** When it was lent, in milliseconds of `performance.now()`. */
  readonly since: number;
  /** Notes that its snapshot has ended. */
  readonly ended: () => void;
}
