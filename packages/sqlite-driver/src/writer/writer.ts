import {
  type BeginOptions,
  ClosedError,
  InternalError,
  type LaneMetrics,
  type QueueHolder,
  type SluiceError,
  Summary,
  TimeoutError,
  WaitingQueue,
  type WaitOptions,
} from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import { OnDemandThread } from '../thread/on-demand-thread.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import { type LeaseFailure, ThreadLease } from '../thread/thread-lease.js';
import type { ConnectionOptions, GroupMember, ThreadReply } from '../thread/thread-protocol.js';
import type { CallOutcome } from '../thread/watched-call.js';
import { SharedCommit } from '../transaction/shared-commit.js';
import { WriteLease } from '../transaction/write-lease.js';
import type { ResultPart } from '../values/result-part.js';
import { Group, type GroupWork } from './group.js';
import { WriterHolder } from './writer-holder.js';
import { WriterMetrics } from './writer-metrics.js';

const WRITER_THREAD = new URL('./writer-thread.js', import.meta.url);

/** How long a holder of the writer may make no call while other transactions wait for the shared COMMIT. */
const IDLE_TIMEOUT_MS = 5;

/** Limits of the writer. */
export interface WriterLimits {
  readonly queueLimit: number;
  readonly holdLimitMs: number;
  readonly writerIdleMs: number;
  readonly warm: boolean;
}

/** Deadline, signal and priority of a wait for the writer, and the caller's attempt, label and stack. */
export type BeginWait = WaitOptions & Pick<BeginOptions, 'attempt' | 'isReplayable' | 'label' | 'origin'>;

/** A caller that waits for the exclusive use of the writer. */
interface LeaseWork {
  readonly kind: 'lease';
  /** Whether it may join the open shared transaction, whose COMMIT then waits for it. */
  readonly mayFollow: boolean;
  readonly label: string;
  /** Created where the caller asked for the writer. */
  readonly origin: Error;
  readonly grant: (lease: ThreadLease) => void;
  readonly fail: (failure: Failure) => void;
}

type Work = GroupWork | LeaseWork;

/**
 * The queue of the only writer thread, which starts with the first write and ends when there is none for a time. When the thread becomes free, all waiting writes are sent in one message and share one COMMIT. A caller that
 * needs the writer exclusively waits in the same queue.
 */
export class Writer {
  readonly #holdLimitMs: number;
  readonly #queue: WaitingQueue<Work>;
  readonly #onReply: (reply: ThreadReply) => void;
  readonly #metrics = new WriterMetrics();
  readonly #holds = new Summary();
  readonly #shared = new SharedCommit();
  readonly #holder = new WriterHolder(() => this.#isWaitingForLock());
  readonly #thread: OnDemandThread;
  /** The group that runs, which late joiners may enter. */
  #group: Group | undefined;
  #isHeld = false;
  #isScheduled = false;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  /** @param onReply Receives every reply, for its commits and the state of the WAL. */
  constructor(options: ConnectionOptions, limits: WriterLimits, onReply: (reply: ThreadReply) => void) {
    const { queueLimit, holdLimitMs, writerIdleMs, warm } = limits;
    this.#thread = new OnDemandThread({
      entry: WRITER_THREAD,
      connection: options,
      idleMs: warm ? undefined : writerIdleMs,
      mayEnd: (thread) => this.#mayEnd(thread),
      onChanged: (failure) => this.#threadChanged(failure),
    });
    this.#holdLimitMs = holdLimitMs;
    this.#onReply = onReply;
    this.#queue = new WaitingQueue({
      name: 'the writer',
      limit: queueLimit,
      holder: () => this.#holder.describe(),
    });
  }

  /** Whether there is a thread. */
  get isRunning(): boolean {
    return this.#thread.isRunning;
  }

  /** Starts the thread, which creates the file and checks that it can be written. */
  open(): Promise<Failure | undefined> {
    return this.#thread.start();
  }

  /**
   * Runs a statement, or several that succeed or fail together. Resolves when it is committed, or when it is certain that it never will be.
   *
   * @throws OverloadedError, TimeoutError, AbortedError when the wait for the writer ends first; ClosedError.
   */
  execute(member: GroupMember, wait: WaitOptions, onPart: (part: ResultPart) => void): Promise<CallOutcome> {
    return new Promise((settle, reject) => {
      this.#enqueue({ kind: 'group', member, wait, onPart, settle }, wait, reject);
    });
  }

  /**
   * Waits for the exclusive use of the writer.
   *
   * @throws as {@link Writer.execute}.
   */
  acquire(wait: WaitOptions): Promise<ThreadLease | LeaseFailure> {
    return this.#acquire(wait, false);
  }

  /**
   * Waits for the writer, for a transaction that may share its COMMIT with others. It does not share when core does not replay it, or when it was
   * rolled back before.
   *
   * @throws as {@link Writer.execute}.
   */
  async begin(wait: BeginWait): Promise<WriteLease | LeaseFailure> {
    const { isReplayable = false, attempt = 1 } = wait;
    const shares = isReplayable && attempt === 1;
    const lease = await this.#acquire(wait, shares);
    if ('failure' in lease) return lease;
    const writeLease = new WriteLease(lease, this.#shared, shares);
    if (this.#shared.size > 0) this.#watchIdle(writeLease);
    this.#watchHold(writeLease);
    return writeLease;
  }

  #acquire(wait: BeginWait, mayFollow: boolean): Promise<ThreadLease | LeaseFailure> {
    const { label = 'without a label', origin = new Error(`The writer was taken by "${label}" here.`) } =
      wait;
    return new Promise((grant, reject) => {
      const fail = (failure: Failure): void => grant({ failure });
      this.#enqueue({ kind: 'lease', mayFollow, label, origin, grant, fail }, wait, reject);
    });
  }

  /** Figures for the driver's own metrics. */
  engineMetrics(): Record<string, number> {
    const { hits, misses } = this.#thread.preparedCounts();
    return {
      ...this.#metrics.engineMetrics(),
      lockWaiting: this.#isWaitingForLock() ? 1 : 0,
      writerStatementHits: hits,
      writerStatementMisses: misses,
    };
  }

  get metrics(): WriterMetrics {
    return this.#metrics;
  }

  laneMetrics(): LaneMetrics {
    const depth = (priority: 'high' | 'low' | 'normal'): number => this.#queue.depth(priority);
    return {
      permits: 1,
      held: this.#isHeld ? 1 : 0,
      queued: { high: depth('high'), normal: depth('normal'), low: depth('low') },
      ...this.#metrics.waits.snapshot(),
      holds: this.#holds.snapshot(),
      failures: this.#metrics.laneFailures,
      ...this.#holder.snapshot(),
    };
  }

  /** Refuses new calls, and waits for those in flight. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    if (this.#isHeld || this.#queue.size > 0 || this.#shared.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#thread.settle();
  }

  /** Ends the thread. As the last connection it removes the WAL. Call it after {@link Writer.drain}. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  #enqueue(work: Work, wait: WaitOptions, reject: (error: SluiceError) => void): void {
    if (this.#isClosed) throw new ClosedError('The storage is closed.');
    const drop = (error: SluiceError): void => {
      this.#metrics.laneFailures += 1;
      reject(error);
    };
    try {
      this.#queue.enqueue(work, wait, drop);
    } catch (error) {
      this.#metrics.laneFailures += 1;
      throw error;
    }
    this.#schedule();
  }

  /** Serves the queue in a microtask, so that calls made together are sent together. */
  #schedule(): void {
    if (this.#isScheduled || (this.#isHeld && this.#group === undefined)) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#serve();
    });
  }

  #serve(): void {
    if (this.#isHeld) {
      this.#group?.join();
      return;
    }
    if (this.#thread.isChanging) return;
    if (this.#queue.size > 0 && this.#shared.size === 0 && !this.isRunning) {
      void this.#thread.start();
      return;
    }
    const next = this.#queue.dequeue((work) => this.#shared.size === 0 || this.#follows(work));
    if (next === undefined) {
      if (this.#shared.size > 0) void this.#commitShared(this.#hold());
      else this.#onIdle?.();
      return;
    }
    this.#metrics.waits.record(next.waitedMs, next.priority);
    void this.#run(next.item, this.#hold());
  }

  /** Whether it can continue in the transaction of those that wait for the shared COMMIT. */
  #follows(work: Work): boolean {
    return work.kind === 'lease' && work.mayFollow && this.#shared.isOpen && this.isRunning;
  }

  #hold(): () => void {
    this.#isHeld = true;
    const since = performance.now();
    return () => {
      this.#isHeld = false;
      this.#holder.end();
      this.#holds.record(performance.now() - since);
      this.#thread.noteUse();
      this.#serve();
    };
  }

  async #commitShared(release: () => void): Promise<void> {
    if (this.#thread.current !== undefined)
      await this.#shared.commit(this.#thread.current, (reply, members) => this.#note(reply, members));
    release();
  }

  /** Watchdog: ends a holder that makes no call while others wait for the shared COMMIT. */
  #watchIdle(holder: WriteLease): void {
    const timer = setInterval(() => {
      if (holder.isOver || this.#shared.size === 0) return clearInterval(timer);
      if (holder.idleMs < IDLE_TIMEOUT_MS) return;
      clearInterval(timer);
      this.#shared.close();
      holder.yield();
    }, IDLE_TIMEOUT_MS);
  }

  /** Watchdog: ends a holder that exceeds `holdLimitMs` while others wait. */
  #watchHold(lease: WriteLease): void {
    const timer = setInterval(() => {
      if (lease.isOver) return clearInterval(timer);
      const holder = this.#holder.describe();
      if (holder === undefined || holder.heldMs < this.#holdLimitMs || this.#queue.size === 0) return;
      clearInterval(timer);
      lease.revoke(() => heldTooLong(holder));
    }, this.#holdLimitMs);
    timer.unref();
    lease.onOver(() => clearInterval(timer));
  }

  async #run(work: Work, release: () => void): Promise<void> {
    const thread = this.#thread.current;
    if (thread === undefined) throw new InternalError('The writer was used before its thread was started.');
    if (work.kind === 'group') return this.#runGroup(thread, work, release);
    this.#holder.begin(work.label, work.origin);
    work.grant(this.#lease(thread, release));
  }

  #lease(thread: SqliteThread, release: () => void): ThreadLease {
    return new ThreadLease(
      thread,
      (_, work) => {
        if (work === undefined) release();
        else void work.then(release, release);
      },
      (reply) => {
        this.#note(reply);
        if (!reply.inTransaction) this.#shared.abandon();
      },
      { op: 'undo' },
    );
  }

  #isWaitingForLock(): boolean {
    return this.#thread.current?.flags.isWaitingForLock === true;
  }

  #note(reply: ThreadReply, members?: number): void {
    this.#holder.waited(reply.lock?.waitedMs ?? 0);
    this.#metrics.record(reply, members);
    this.#onReply(reply);
  }

  /** Continues when the thread was started, or has ended. When it could not be started, all that wait get the failure. */
  #threadChanged(failure: Failure | undefined): void {
    this.#metrics.threadRestarts = this.#thread.restarts;
    if (failure !== undefined) this.#failAll(failure);
    this.#serve();
  }

  #failAll(failure: Failure): void {
    for (let next = this.#queue.dequeue(); next !== undefined; next = this.#queue.dequeue())
      fail(next.item, failure);
  }

  /** Whether the thread may end: all of the WAL is in the file. Checkpoints may need it otherwise. */
  async #mayEnd(thread: SqliteThread): Promise<boolean> {
    if (this.#isHeld || this.#queue.size > 0 || this.#shared.size > 0) return false;
    const result = await thread.call({ op: 'checkpoint', mode: 'truncate', timeoutMs: 0 });
    if (result.kind === 'lost') return true;
    this.#onReply(result.reply);
    return result.reply.wal?.frames === 0;
  }

  async #runGroup(thread: SqliteThread, first: GroupWork, release: () => void): Promise<void> {
    const group = new Group(thread, first, () => this.#nextMember());
    this.#group = group;
    const result = await group.run();
    this.#group = undefined;
    if (result.kind === 'reply') {
      this.#metrics.recordGroup(group.size, result.reply);
      this.#onReply(result.reply);
    }
    group.settle(result);
    release();
  }

  #nextMember(): GroupWork | undefined {
    const next = this.#queue.dequeue((work) => work.kind === 'group');
    if (next?.item.kind !== 'group') return undefined;
    this.#metrics.waits.record(next.waitedMs, next.priority);
    return next.item;
  }
}

function heldTooLong({ label, heldMs, origin }: QueueHolder): TimeoutError {
  return new TimeoutError(
    `The transaction "${label}" had held the writer for ${Math.round(heldMs)} ms while others waited for it, and was undone. Do less in one, or raise holdLimitMs. The cause tells where it was begun.`,
    { cause: origin },
  );
}

function fail(work: Work, failure: Failure): void {
  if (work.kind === 'lease') work.fail(failure);
  else work.settle({ kind: 'failure', failure });
}
