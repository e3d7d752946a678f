import { type DatabaseWarning, SnapshotTooOldError, Summary } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import { toFailure } from '../errors/failure.js';
import { openThread } from '../thread/open-thread.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { LeaseFailure, ThreadLease } from '../thread/thread-lease.js';
import type { ConnectionOptions } from '../thread/thread-protocol.js';
import type { CheckpointReport, WalState } from '../thread/wal-state.js';
import { type CallOutcome, memberOutcome } from '../thread/watched-call.js';
import type { OpenSnapshot, OpenSnapshots } from './open-snapshots.js';

const CHECKPOINTER_THREAD = new URL('./checkpointer-thread.js', import.meta.url);

/** How long the writer pauses for short reads to end, so that the WAL can start over. */
const RESTART_TIMEOUT_MS = 20;

/** A checkpoint that takes longer has slow flushes, and starting over makes two of them while the writer is held. */
const QUICK_MS = 8;

/** A reader younger than this is never held responsible: it ends by itself sooner than anybody could end it. */
const YOUNGEST_CULPRIT_MS = 1000;

/** What the WAL manager is made with. */
export interface WalManagerOptions {
  /** Of its own connection. */
  readonly connection: ConnectionOptions;
  readonly checkpointBytes: number;
  readonly walBudgetBytes: number;
  readonly onWalBudget: 'end_readers' | 'warn';
  readonly snapshots: OpenSnapshots;
  /** Waits for the writer alone. */
  readonly acquireWriter: () => Promise<ThreadLease | LeaseFailure>;
  readonly onWarning: (warning: DatabaseWarning) => void;
}

/**
 * Keeps the write-ahead log small without delaying a commit. Each time it has grown by `checkpointBytes`, a thread of its own copies
 * it into the file with a PASSIVE checkpoint, which waits for nobody and makes nobody wait. That alone never starts a WAL over that is written
 * without a pause, so the writer makes a RESTART itself, between two groups: at once if that is quick, and with some patience
 * from a quarter of the budget on. A WAL that starts over early is written over instead of made longer, which costs the file system half as much.
 *
 * Only one process checkpoints at a time: SQLite's own lock sees to that, and whoever comes second is content.
 */
export class WalManager {
  readonly #options: WalManagerOptions;
  readonly #durations = new Summary();
  #thread: SqliteThread | undefined;
  #state: WalState | undefined;
  /** How long the WAL was at the last checkpoint, in frames. */
  #seenFrames = 0;
  /** How long it has to be before it is tried again to start it over. */
  #restartFrames = 0;
  #isOverSince = Number.POSITIVE_INFINITY;
  #work: Promise<void> | undefined;
  #isPinned = false;
  #isClosed = false;
  #warnedOf: OpenSnapshot | 'somebody else' | undefined;
  #frames = 0;
  #restarts = 0;
  #busy = 0;
  #failures = 0;
  #readersEnded = 0;

  constructor(options: WalManagerOptions) {
    this.#options = options;
  }

  /** Learns how long the WAL is after a commit. */
  notice(state: WalState): void {
    this.#state = state;
    if (state.frames < this.#seenFrames) this.#begunOver();
    const grown = state.frames - Math.max(this.#seenFrames, state.checkpointed);
    if (grown * state.frameBytes >= this.#options.checkpointBytes) this.#tend();
  }

  /** Learns that a snapshot is gone, which may have been in the way. */
  readerEnded(): void {
    if (this.#isPinned && this.#options.snapshots.oldest() === undefined) this.#tend();
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
      walPendingBytes: this.#pendingBytes(),
      oldestReaderMs: oldest === undefined ? 0 : performance.now() - oldest.since,
      readersEnded: this.#readersEnded,
    };
  }

  /** Finishes what is under way and ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
    await this.#thread?.close();
  }

  #tend(): void {
    if (this.#work !== undefined || this.#isClosed) return;
    this.#work = this.#tendOnce()
      .catch((error: unknown) => this.#failed(toFailure(error, 'run')))
      .finally(() => {
        this.#work = undefined;
      });
  }

  async #tendOnce(): Promise<void> {
    const report = await this.#copyBack();
    if (report === undefined) return;
    this.#seenFrames = report.frames;
    const { walBudgetBytes } = this.#options;
    const bytes = report.frames * report.frameBytes;
    const isLong = bytes >= walBudgetBytes / 4;
    if ((await this.#startOver(report, isLong)) || !isLong) return;
    this.#isPinned = true;
    if (bytes >= walBudgetBytes) await this.#defendBudget(bytes);
  }

  /** A PASSIVE checkpoint, on the checkpointer's thread. */
  async #copyBack(): Promise<CheckpointReport | undefined> {
    const thread = await this.#ready();
    if ('failure' in thread) return this.#failed(thread.failure);
    const result = await thread.call({ op: 'checkpoint', mode: 'passive', timeoutMs: 0 });
    return result.kind === 'reply' ? this.#record(memberOutcome(result.reply, 0)) : undefined;
  }

  /**
   * Lets the writer begin the WAL anew: in passing, where that is quick and next to nothing is left to copy, or with some patience where the WAL
   * `isLong`. False when there is too much left, or a reader or another process is in the way.
   */
  async #startOver(
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
    // Refused by a full queue, or the thread could not be started: callers are told, and the WAL can wait.
    if (lease === undefined || 'failure' in lease) return false;
    const timeoutMs = isLong ? RESTART_TIMEOUT_MS : 0;
    const request = { op: 'checkpoint', mode: 'restart', timeoutMs } as const;
    const report = this.#record(await lease.call(request, {}));
    lease.release();
    if (report === undefined || report.isBusy) return false;
    this.#restarts += 1;
    this.#begunOver();
    return true;
  }

  #begunOver(): void {
    this.#seenFrames = 0;
    this.#restartFrames = 0;
    this.#isOverSince = Number.POSITIVE_INFINITY;
    this.#isPinned = false;
    this.#warnedOf = undefined;
  }

  /** Says who is in the way, and ends readers from the oldest on until nobody is. */
  async #defendBudget(bytes: number): Promise<void> {
    this.#isOverSince = Math.min(this.#isOverSince, performance.now());
    for (;;) {
      const culprit = this.#culprit();
      if (culprit === undefined && performance.now() - this.#isOverSince < YOUNGEST_CULPRIT_MS) return;
      this.#warn(bytes, culprit);
      if (this.#options.onWalBudget === 'warn' || culprit?.end === undefined) return;
      this.#readersEnded += 1;
      culprit.end(() => tooOld(this.#options.walBudgetBytes, performance.now() - culprit.since));
      await this.#options.snapshots.ended(culprit);
      this.#restartFrames = 0;
      const report = await this.#copyBack();
      if (report === undefined || (await this.#startOver(report, true))) return;
    }
  }

  /** The oldest reader of this process, if it is old enough to be what is in the way. */
  #culprit(): OpenSnapshot | undefined {
    const oldest = this.#options.snapshots.oldest();
    const isOld = oldest !== undefined && performance.now() - oldest.since >= YOUNGEST_CULPRIT_MS;
    return isOld ? oldest : undefined;
  }

  #warn(walBytes: number, culprit: OpenSnapshot | undefined): void {
    const who = culprit ?? 'somebody else';
    if (this.#warnedOf === who) return;
    this.#warnedOf = who;
    this.#options.onWarning(budgetWarning(walBytes, culprit));
  }

  #record(outcome: CallOutcome | undefined): CheckpointReport | undefined {
    if (outcome?.kind === 'failure') return this.#failed(outcome.failure);
    if (outcome?.kind !== 'checkpoint') return undefined;
    const { report } = outcome;
    this.#durations.record(report.tookMs);
    this.#frames += report.copied;
    if (report.isBusy) this.#busy += 1;
    this.#state = report;
    return report;
  }

  /** Nothing is lost by it: the WAL holds what was not copied. It is tried again once the WAL has grown. */
  #failed({ code, message }: Failure): undefined {
    this.#failures += 1;
    this.#seenFrames = this.#state?.frames ?? 0;
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
    if (this.#thread?.isAlive) return this.#thread;
    const opened = await openThread(CHECKPOINTER_THREAD, this.#options.connection);
    if (opened.kind === 'failure') return opened;
    this.#thread = opened.thread;
    return opened.thread;
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
