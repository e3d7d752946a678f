import { statSync } from 'node:fs';
import { type DatabaseWarning, SnapshotTooOldError, Summary } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import { CHANGED, toFailure } from '../errors/failure.js';
import { ownModule } from '../file/own-module.js';
import { OnDemandThread } from '../thread/on-demand-thread.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { LeaseFailure, ThreadLease } from '../thread/thread-lease.js';
import { type ConnectionOptions, memberOutcome } from '../thread/thread-protocol.js';
import type { CheckpointReport, WalState } from '../thread/wal-state.js';
import type { CallOutcome } from '../thread/watched-call.js';
import type { OpenSnapshot, OpenSnapshots } from './open-snapshots.js';

/** How long the writer pauses for short reads to end, so that the WAL can restart. */
const RESTART_TIMEOUT_MS = 20;

/** If a checkpoint takes longer than this, flushes are slow, and a RESTART would hold the writer for two of them. */
const QUICK_MS = 8;

/** A reader younger than this is never ended: it will probably end by itself first. */
const YOUNGEST_BLOCKER_MS = 1000;

/** How long after a checkpoint that left the WAL long or uncopied the next one is made, and the longest such time: it doubles. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 8000;

/** Options of the WAL manager. */
export interface WalManagerOptions {
  /** Options of the checkpointer's connection. */
  readonly connection: ConnectionOptions;
  readonly checkpointBytes: number;
  readonly walBudgetBytes: number;
  readonly onWalBudget: 'end_readers' | 'warn';
  readonly threadIdleMs: number;
  readonly snapshots: OpenSnapshots;
  /** Acquires the writer exclusively. */
  readonly acquireWriter: () => Promise<ThreadLease | LeaseFailure>;
  readonly onWarning: (warning: DatabaseWarning) => void;
}

/**
 * Keeps the write-ahead log small without delaying commits. Each time the WAL has grown by `checkpointBytes`, the checkpointer's thread copies it
 * into the file with a PASSIVE checkpoint, which neither waits nor blocks. Under continuous writes that never lets the WAL restart from its
 * beginning, so the writer makes a RESTART checkpoint between two groups: without waiting if it is quick, and with a timeout once the WAL has a
 * quarter of its budget. A WAL that restarts early overwrites its frames instead of growing, which costs the file system half as much.
 *
 * What keeps the WAL long may end without a write: a reader of another process, or a fault of the disk. So time drives the checkpoints too, as long as
 * the WAL is long or much of it is not copied. Otherwise there is no timer.
 *
 * Only one process makes a checkpoint at a time, which SQLite's own lock ensures. The others do nothing then.
 */
export class WalManager {
  readonly #options: WalManagerOptions;
  readonly #durations = new Summary();
  readonly #thread: OnDemandThread;
  #state: WalState | undefined;
  /** Length of the WAL at the last checkpoint, in frames. */
  #seenFrames = 0;
  /** Length at which the next restart is tried, in frames. */
  #restartFrames = 0;
  #overBudgetSince = Number.POSITIVE_INFINITY;
  #work: Promise<void> | undefined;
  #isPinned = false;
  #hasFailed = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isClosed = false;
  #warnedAbout: OpenSnapshot | 'another process' | undefined;
  #frames = 0;
  #restarts = 0;
  #busy = 0;
  #failures = 0;
  #readersEnded = 0;

  constructor(options: WalManagerOptions) {
    this.#options = options;
    this.#thread = new OnDemandThread({
      entry: ownModule('wal/checkpointer-thread.js'),
      connection: options.connection,
      idleMs: options.threadIdleMs,
      mayEnd: () => this.#work === undefined,
      onChanged: () => {},
    });
  }

  /** Takes the state of the WAL after a commit, and starts a checkpoint if it has grown enough. */
  notice(state: WalState): void {
    this.#state = state;
    if (state.frames < this.#seenFrames) this.#restarted();
    const grown = state.frames - Math.max(this.#seenFrames, state.checkpointed);
    if (grown * state.frameBytes >= this.#options.checkpointBytes) this.#checkpoint();
  }

  /** Called when a snapshot has ended, since it may have blocked a restart. */
  readerEnded(): void {
    if (this.#isPinned && this.#options.snapshots.oldest() === undefined) this.#checkpoint();
  }

  /** Figures for the driver's own metrics. */
  metrics(): Record<string, number> {
    const { count, totalMs, maxMs } = this.#durations.snapshot();
    const oldest = this.#options.snapshots.oldest();
    return {
      checkpoints: count,
      checkpointFrames: this.#frames,
      checkpointTotalMs: totalMs,
      checkpointMaxMs: maxMs,
      checkpointsBusy: this.#busy,
      checkpointFailures: this.#failures,
      walRestarts: this.#restarts,
      walBytes: statSync(`${this.#options.connection.path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      walPendingBytes: this.#pendingBytes(),
      oldestReaderMs: oldest === undefined ? 0 : performance.now() - oldest.since,
      readersEnded: this.#readersEnded,
    };
  }

  /** Finishes the checkpoint in progress and ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#work;
    await this.#thread.close();
  }

  #checkpoint(): void {
    if (this.#work !== undefined || this.#isClosed) return;
    this.#work = this.#checkpointOnce()
      .catch((error: unknown) => this.#failed(toFailure(error, 'run')))
      .finally(() => {
        this.#work = undefined;
        this.#thread.noteUse();
        this.#retryLater();
      });
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    const isBehind = this.#isPinned || this.#pendingBytes() >= this.#options.checkpointBytes;
    if (this.#isClosed || !isBehind) return;
    this.#retry = setTimeout(() => {
      this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
      this.#restartFrames = 0;
      this.#checkpoint();
    }, this.#retryMs).unref();
  }

  async #checkpointOnce(): Promise<void> {
    const report = await this.#copyBack();
    if (report === undefined) return;
    if (report.frames < this.#seenFrames) this.#restarted();
    this.#seenFrames = report.frames;
    const { walBudgetBytes } = this.#options;
    const bytes = report.frames * report.frameBytes;
    const isLong = bytes >= walBudgetBytes / 4;
    if ((await this.#restart(report, isLong)) || !isLong) return;
    this.#isPinned = true;
    if (bytes >= walBudgetBytes) await this.#enforceBudget(bytes);
  }

  /** A PASSIVE checkpoint, on the checkpointer's thread. */
  async #copyBack(): Promise<CheckpointReport | undefined> {
    const thread = await this.#ready();
    if ('failure' in thread) return this.#failed(thread.failure);
    const result = await thread.call({ op: 'checkpoint', mode: 'passive', timeoutMs: 0 });
    return result.kind === 'reply' ? this.#record(memberOutcome(result.reply, 0)) : undefined;
  }

  /**
   * Makes a RESTART checkpoint on the writer, or one that also empties the file if it is over its budget: SQLite would cut it back only at the next
   * write. While the WAL is short, only if that is quick and little is left to copy; when it `isLong`, with a
   * timeout. False when too much is left to copy, or when a reader or another process blocks the restart.
   */
  async #restart(
    { frames, checkpointed, frameBytes, tookMs }: CheckpointReport,
    isLong: boolean,
  ): Promise<boolean> {
    if (!isLong && tookMs > QUICK_MS) return false;
    const { checkpointBytes, walBudgetBytes } = this.#options;
    const leftBytes = (frames - checkpointed) * frameBytes;
    const mostLeftBytes = isLong ? 2 * checkpointBytes : checkpointBytes / 16;
    if (leftBytes > mostLeftBytes || frames < this.#restartFrames) return false;
    this.#restartFrames = frames + walBudgetBytes / 16 / frameBytes;
    const lease = await this.#options.acquireWriter().catch(() => undefined);
    // The queue is full, or the thread could not be started. Callers get these errors; the restart is tried again later.
    if (lease === undefined || 'failure' in lease) return false;
    const timeoutMs = isLong ? RESTART_TIMEOUT_MS : 0;
    const mode = frames * frameBytes >= walBudgetBytes ? 'truncate' : 'restart';
    const request = { op: 'checkpoint', mode, timeoutMs } as const;
    const report = this.#record(await lease.call(request, {}));
    lease.release();
    if (report === undefined || report.isBusy) return false;
    this.#restarts += 1;
    this.#restarted();
    return true;
  }

  #restarted(): void {
    this.#seenFrames = 0;
    this.#restartFrames = 0;
    this.#overBudgetSince = Number.POSITIVE_INFINITY;
    this.#isPinned = false;
    this.#retryMs = FIRST_RETRY_MS;
    this.#warnedAbout = undefined;
  }

  /** Warns of the reader that blocks the restart, and ends readers, oldest first, until the WAL can restart. */
  async #enforceBudget(bytes: number): Promise<void> {
    this.#overBudgetSince = Math.min(this.#overBudgetSince, performance.now());
    for (;;) {
      const blocker = this.#blocker();
      if (blocker === undefined && performance.now() - this.#overBudgetSince < YOUNGEST_BLOCKER_MS) return;
      this.#warn(bytes, blocker);
      if (this.#options.onWalBudget === 'warn' || blocker?.end === undefined) return;
      this.#readersEnded += 1;
      blocker.end(() => tooOld(this.#options.walBudgetBytes, performance.now() - blocker.since));
      await this.#options.snapshots.ended(blocker);
      this.#restartFrames = 0;
      const report = await this.#copyBack();
      if (report === undefined || (await this.#restart(report, true))) return;
    }
  }

  /** The oldest reader of this process, if it is old enough to be ended. */
  #blocker(): OpenSnapshot | undefined {
    const oldest = this.#options.snapshots.oldest();
    const isOld = oldest !== undefined && performance.now() - oldest.since >= YOUNGEST_BLOCKER_MS;
    return isOld ? oldest : undefined;
  }

  #warn(walBytes: number, blocker: OpenSnapshot | undefined): void {
    const cause = blocker ?? 'another process';
    if (this.#warnedAbout === cause) return;
    this.#warnedAbout = cause;
    this.#options.onWarning(budgetWarning(walBytes, blocker));
  }

  #record(outcome: CallOutcome | undefined): CheckpointReport | undefined {
    if (outcome?.kind === 'failure') return this.#failed(outcome.failure);
    if (outcome?.kind !== 'checkpoint') return undefined;
    const { report } = outcome;
    this.#hasFailed = false;
    this.#durations.record(report.tookMs);
    this.#frames += report.copied;
    if (report.isBusy) this.#busy += 1;
    this.#state = report;
    return report;
  }

  /** Warns of the first of several failed checkpoints. No data is lost: the WAL keeps what was not copied. The next one follows soon. */
  #failed({ code, message }: Failure): undefined {
    // Every call says so; the WAL is of no use any more.
    if (code === CHANGED) return undefined;
    this.#failures += 1;
    this.#seenFrames = this.#state?.frames ?? 0;
    if (this.#hasFailed) return undefined;
    this.#hasFailed = true;
    this.#options.onWarning({
      code: 'checkpoint_failed',
      message: `The WAL could not be copied into the file, and grows until it can: ${message}. Nothing is lost; check the disk.`,
      details: { engineCode: code },
    });
    return undefined;
  }

  #pendingBytes(): number {
    if (this.#state === undefined) return 0;
    const { frames, checkpointed, frameBytes } = this.#state;
    return (frames - checkpointed) * frameBytes;
  }

  async #ready(): Promise<SqliteThread | LeaseFailure> {
    if (this.#thread.isChanging) await this.#thread.settle();
    const failure = this.#thread.isRunning ? undefined : await this.#thread.start();
    if (failure !== undefined) return { failure };
    return this.#thread.current as SqliteThread;
  }
}

function tooOld(budgetBytes: number, ageMs: number): SnapshotTooOldError {
  return new SnapshotTooOldError(
    `The write-ahead log reached its budget of ${megabytes(budgetBytes)} while this read was open for ${seconds(ageMs)}, and it was ended so that the log can start over. Read in smaller steps, or raise walBudgetBytes.`,
  );
}

function budgetWarning(walBytes: number, oldest: OpenSnapshot | undefined): DatabaseWarning {
  const size = `The write-ahead log has grown to ${megabytes(walBytes)}`;
  if (oldest === undefined) {
    const message = `${size}, because a reader of another process, or its writer, keeps it from starting over.`;
    return { code: 'wal_over_budget', message, details: { walBytes } };
  }
  const { label, since, origin } = oldest;
  const ageMs = performance.now() - since;
  return {
    code: 'wal_over_budget',
    message: `${size}, because a reader needs it: "${label ?? 'without a label'}", open for ${seconds(ageMs)}.`,
    details: { walBytes, label, ageMs, stack: origin?.stack },
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
