import {
  type BeginOptions,
  ClosedError,
  InternalError,
  type LaneMetrics,
  type QueueHolder,
  type SluiceError,
  Summary,
  WaitingQueue,
  type WaitOptions,
} from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import { ownModule } from '../file/own-module.js';
import { OnDemandThread } from '../thread/on-demand-thread.js';
import { isBatch } from '../thread/pack-statements.js';
import { ProcessPool } from '../thread/process-pool.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { StuckStatement } from '../thread/stuck-report.js';
import type { LeaseFailure, ThreadLease } from '../thread/thread-lease.js';
import type { ConnectionOptions, GroupMember, ThreadReply } from '../thread/thread-protocol.js';
import type { CallOutcome } from '../thread/watched-call.js';
import { SharedCommit } from '../transaction/shared-commit.js';
import { WriteLease } from '../transaction/write-lease.js';
import type { ResultPart } from '../values/result-part.js';
import { Group, type GroupWork } from './group.js';
import { StuckWriter } from './stuck-writer.js';
import { watchHold, watchIdle } from './watchdogs.js';
import { failWork, type LeaseWork, type Work } from './work.js';
import { WriterHolder } from './writer-holder.js';
import { WriterLoans } from './writer-loans.js';
import { WriterMetrics } from './writer-metrics.js';

/** Limits of the writer. */
export interface WriterLimits {
  readonly queueLimit: number;
  readonly holdLimitMs: number;
  readonly writerIdleMs: number;
  readonly warm: boolean;
  /** Called when the thread does not return from SQLite. */
  readonly onStuck: (statement: StuckStatement) => void;
}

/** Deadline, signal and priority of a wait for the writer, and the caller's attempt, label and stack. */
export type BeginWait = WaitOptions & Pick<BeginOptions, 'attempt' | 'isReplayable' | 'label' | 'origin'>;

/** Copies the WAL into the file and empties it, if no other connection needs it. */
const EMPTY_WAL = { op: 'checkpoint', mode: 'truncate', timeoutMs: 0 } as const;

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
  readonly #processes: ProcessPool;
  readonly #stuck: StuckWriter;
  readonly #loans: WriterLoans;
  /** The group that runs, which late joiners may enter. */
  #group: Group | undefined;
  #isHeld = false;
  #isScheduled = false;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  /** @param onReply Receives every reply, for its commits and the state of the WAL. */
  constructor(options: ConnectionOptions, limits: WriterLimits, onReply: (reply: ThreadReply) => void) {
    const { queueLimit, holdLimitMs, writerIdleMs, warm } = limits;
    const entry = ownModule('writer/writer-thread.js');
    this.#thread = new OnDemandThread({
      entry,
      connection: options,
      idleMs: warm ? undefined : writerIdleMs,
      mayEnd: (thread) => this.#mayEnd(thread),
      onChanged: (failure) => this.#threadChanged(failure),
    });
    this.#holdLimitMs = holdLimitMs;
    this.#onReply = onReply;
    this.#processes = new ProcessPool(entry, options);
    this.#stuck = new StuckWriter((cutOff, failure) => {
      this.#refuseAll(failure);
      limits.onStuck(cutOff);
    });
    this.#loans = new WriterLoans(this.#processes, this.#stuck, this.#shared, (reply) => this.#note(reply));
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
  execute(
    member: GroupMember,
    wait: GroupWork['wait'],
    onPart: (part: ResultPart) => void,
  ): Promise<CallOutcome> {
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
    return this.#acquire(wait, { mayFollow: false, inProcess: false });
  }

  /**
   * Waits for the exclusive use of the writer, for a transaction in a process that can be ended at any time; in the thread, when no process can be started.
   * It is ended when it exceeds `holdLimitMs` while others wait.
   *
   * @throws as {@link Writer.execute}.
   */
  async acquireProcess(wait: BeginWait): Promise<ThreadLease | LeaseFailure> {
    const lease = await this.#acquire(wait, { mayFollow: false, inProcess: true });
    if (!('failure' in lease)) watchHold(lease, this.#holdLimitMs, () => this.#blocking());
    return lease;
  }

  /** The failure of all writes while the thread does not return from SQLite. */
  get stuck(): Failure | undefined {
    return this.#stuck.failure;
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
    const lease = await this.#acquire(wait, { mayFollow: shares, inProcess: false });
    if ('failure' in lease) return lease;
    const writeLease = new WriteLease(lease, this.#shared, shares);
    if (this.#shared.size > 0) watchIdle(writeLease, this.#shared);
    watchHold(lease, this.#holdLimitMs, () => this.#blocking());
    return writeLease;
  }

  /** The holder, while others wait. */
  #blocking(): QueueHolder | undefined {
    return this.#queue.size === 0 ? undefined : this.#holder.describe();
  }

  #acquire(
    wait: BeginWait,
    how: Pick<LeaseWork, 'inProcess' | 'mayFollow'>,
  ): Promise<ThreadLease | LeaseFailure> {
    const { label = 'without a label', origin = new Error(`The writer was taken by "${label}" here.`) } =
      wait;
    return new Promise((grant, reject) => {
      const fail = (failure: Failure): void => grant({ failure });
      this.#enqueue({ kind: 'lease', ...how, label, origin, grant, fail }, wait, reject);
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
      stuckWriters: this.#stuck.failure === undefined ? 0 : 1,
      writerProcesses: this.#processes.size,
      writerProcessesKilled: this.#processes.killed,
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

  /** Ends all calls in flight whose COMMIT has not begun. */
  endAll(createError: () => SluiceError): void {
    this.#queue.dropAll(createError());
    this.#group?.end({ kind: 'over', createError });
    this.#loans.end(createError);
  }

  /** Refuses new calls, and waits for those in flight, unless the thread is stuck. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    const isBusy = this.#isHeld || this.#queue.size > 0 || this.#shared.size > 0;
    if (isBusy && this.#stuck.failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#processes.close();
    await this.#thread.settle();
  }

  /** Copies the WAL into the file and empties it, if nobody else needs it and the files were not changed. Call it after {@link Writer.drain}. */
  async emptyWal(): Promise<void> {
    // What could not be copied stays in the WAL, where the next connection finds it.
    if (this.#stuck.failure === undefined) await this.#thread.current?.call(EMPTY_WAL);
  }

  /** Ends the thread. As the last connection it removes the WAL. Call it after {@link Writer.drain}. A stuck thread ends when it returns. */
  async close(): Promise<void> {
    if (this.#stuck.failure === undefined) await this.#thread.close();
  }

  #enqueue(work: Work, wait: WaitOptions, reject: (error: SluiceError) => void): void {
    if (this.#isClosed) throw new ClosedError('The storage is closed.');
    if (this.#stuck.failure !== undefined) {
      this.#metrics.laneFailures += 1;
      failWork(work, this.#stuck.failure);
      return;
    }
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
    const release = (): void => {
      this.#isHeld = false;
      this.#holder.end();
      this.#holds.record(performance.now() - since);
      this.#thread.noteUse();
      this.#serve();
    };
    return () => {
      if (this.#stuck.failure === undefined) release();
      else void this.#recover().then(release);
    };
  }

  /** Answers all callers while the thread is stuck. Those that wait for a shared COMMIT are replayed, and are then refused. */
  #refuseAll(failure: Failure): void {
    this.#group?.end({ kind: 'failure', failure });
    this.#shared.abandon();
    this.#failAll(failure);
    this.#onIdle?.();
  }

  /** The thread has returned: undoes what is left in it, of callers that were told that nothing was kept. */
  async #recover(): Promise<void> {
    await this.#thread.current?.call({ op: 'rollback' });
    this.#stuck.end();
    if (!this.#isClosed) return;
    await this.emptyWal();
    await this.#thread.close();
  }

  async #commitShared(release: () => void): Promise<void> {
    if (this.#thread.current !== undefined)
      await this.#shared.commit(this.#thread.current, (reply, members) => this.#note(reply, members));
    release();
  }

  async #run(work: Work, release: () => void): Promise<void> {
    const thread = this.#thread.current;
    if (thread === undefined) throw new InternalError('The writer was used before its thread was started.');
    if (work.kind === 'group') await this.#runGroup(thread, work, release);
    else await this.#grant(thread, work, release);
  }

  async #grant(thread: SqliteThread, work: LeaseWork, release: () => void): Promise<void> {
    const { label, origin } = work;
    const lease = work.inProcess ? await this.#loans.lendProcess(release) : undefined;
    this.#holder.begin(label, origin);
    work.grant(lease ?? this.#loans.lendThread(thread, label, release));
  }

  #isWaitingForLock(): boolean {
    return (this.#loans.process ?? this.#thread.current)?.flags.isWaitingForLock === true;
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
      failWork(next.item, failure);
  }

  /** Whether the thread may end: all of the WAL is in the file. Checkpoints may need it otherwise. */
  async #mayEnd(thread: SqliteThread): Promise<boolean> {
    if (this.#isHeld || this.#queue.size > 0 || this.#shared.size > 0) return false;
    const result = await thread.call(EMPTY_WAL);
    if (result.kind === 'lost') return true;
    this.#onReply(result.reply);
    return result.reply.wal?.frames === 0;
  }

  async #runGroup(thread: SqliteThread, first: GroupWork, release: () => void): Promise<void> {
    const group = new Group(
      thread,
      first,
      () => this.#nextMember(),
      (member, { member: statement, wait }) =>
        this.#stuck.watch({
          thread,
          label: wait.label,
          sql: isBatch(statement) ? undefined : statement.sql,
          isRunning: () => this.#group === group && thread.flags.running === member,
        }),
    );
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
