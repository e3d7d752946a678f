import type { ExecuteOptions, Priority, Statement, StatementResult } from '@sluice/core';
import type { PooledConnection } from '../transaction/pooled-connection.js';
import type { Bound } from '../values/parameters.js';
import type { RawResult } from '../values/raw-result.js';
import { JoinedCall } from './joined-call.js';

/** The maximum number of concurrent batches of a group; meanwhile, calls wait for the next batch. Two keep client and server busy. */
const MAX_BATCHES = 2;

/** The number of waiting calls from which they are divided among concurrent batches. */
const MIN_CALLS_TO_DIVIDE = 32;

/** The longest delay of a timer; Node runs a timer with a longer one immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How calls with one form of statement are answered by one statement. */
export interface BatchPlan {
  readonly mode: 'read' | 'write';
  /** Whether calls should run singly for some time. */
  readonly isPaused: boolean;
  /** Removes the next batch, of at most `count` calls, from the front of `waiting`. */
  take(waiting: JoinedCall[], count: number): JoinedCall[];
  /** Runs a batch and answers its calls. A call that it does not answer then runs singly. `signal` is aborted when every call of the batch has ended. */
  run(batch: readonly JoinedCall[], pooled: PooledConnection, signal: AbortSignal): Promise<void>;
}

/** A batch's statement. */
export interface BatchStatement {
  readonly mode: 'read' | 'write';
  readonly text: string;
  readonly parameters: readonly Bound[];
  /** One of the statements that it stands for. */
  readonly first: Statement;
}

/** Runs a batch's statement in a transaction of its own. @throws CommitUnknownError; after any other error it was rolled back. */
export type RunBatch = (
  pooled: PooledConnection,
  statement: BatchStatement,
  options: ExecuteOptions,
) => Promise<RawResult>;

/** What a group needs from its database. */
export interface GroupHost {
  acquire(mode: 'read' | 'write', options: ExecuteOptions): Promise<PooledConnection>;
  /** Runs a call's own statement. */
  runSingly(statement: Statement, options: ExecuteOptions): Promise<StatementResult>;
  /** Called when the group has no unanswered call. */
  readonly onIdle: () => void;
}

interface Batch {
  readonly calls: readonly JoinedCall[];
  readonly controller: AbortController;
}

/**
 * The calls with one form of statement and one priority. Calls of one tick form a batch, and so do calls that arrive while other batches run or wait
 * for a connection. Each call may be cancelled by its own signal or deadline.
 */
export class CallGroup {
  readonly priority: Priority;
  readonly #plan: BatchPlan;
  readonly #host: GroupHost;
  readonly #waiting: JoinedCall[] = [];
  /** Few, so an array is enough. A Set could keep deleted entries from the garbage collector; core's Fifo explains why. */
  #running: readonly Batch[] = [];
  /** Batches that wait for a connection, or run. */
  #active = 0;
  #cancelled = 0;
  /** How many sets of calls run singly after their batch did not answer them. */
  #singleRuns = 0;
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** @param priority of the batches in the pool's queue. */
  constructor(plan: BatchPlan, host: GroupHost, priority: Priority) {
    this.#plan = plan;
    this.#host = host;
    this.priority = priority;
  }

  get mode(): 'read' | 'write' {
    return this.#plan.mode;
  }

  /** How many calls wait for their batch to begin. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many calls were cancelled while they waited. */
  get cancelled(): number {
    return this.#cancelled;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#active === 0 && this.#singleRuns === 0;
  }

  /** Adds a call to the next batch. Its signal must not be aborted yet, nor its deadline passed. */
  add(statement: Statement, bound: JoinedCall['bound'], options: ExecuteOptions): Promise<StatementResult> {
    const call = new JoinedCall(statement, bound, options, this.#onCancelled);
    this.#waiting.push(call);
    this.#watch(call);
    this.#schedule();
    return call.result;
  }

  /** Stops the timer. Call it when the group is idle. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Begins the next batch after this tick, so that all calls of the tick join it. */
  #schedule(): void {
    if (this.#isScheduled || this.#active >= MAX_BATCHES || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      if (this.#waiting.length === 1) void this.#runOnly();
      else void this.#runBatch();
    });
  }

  /** Runs the only waiting call by its own statement. */
  async #runOnly(): Promise<void> {
    const calls = this.#waiting.splice(0);
    this.#active += 1;
    await this.#answerSingly(calls);
    this.#active -= 1;
    this.#schedule();
    this.#notifyIfIdle();
  }

  /** Acquires the connection first: calls that arrive while it waits join the batch. */
  async #runBatch(): Promise<void> {
    if (this.#waiting.length === 0) return;
    this.#active += 1;
    try {
      const pooled = await this.#host.acquire(this.#plan.mode, { priority: this.priority });
      const calls = this.#plan.take(this.#waiting, this.#batchSize());
      // The remaining calls wait for another batch.
      this.#schedule();
      if (calls.length === 0) pooled.release();
      else await this.#answer(calls, pooled);
    } catch {
      // Each call runs singly, and gets its own error.
      void this.#answerUnanswered(this.#waiting.splice(0));
    }
    this.#active -= 1;
    this.#schedule();
    this.#notifyIfIdle();
  }

  /** How many calls the next batch takes. */
  #batchSize(): number {
    const { length } = this.#waiting;
    return this.#active < MAX_BATCHES && length >= MIN_CALLS_TO_DIVIDE
      ? Math.ceil(length / MAX_BATCHES)
      : length;
  }

  async #answer(calls: readonly JoinedCall[], pooled: PooledConnection): Promise<void> {
    const batch = { calls, controller: new AbortController() };
    pooled.joinedBy(calls.length - 1);
    this.#running = [...this.#running, batch];
    try {
      await this.#plan.run(calls, pooled, batch.controller.signal);
    } catch {
      // The calls without an answer run singly below.
    }
    this.#running = this.#running.filter((other) => other !== batch);
    pooled.release();
    void this.#answerUnanswered(calls.filter((call) => !call.isSettled));
  }

  /** Runs calls singly that their batch did not answer. The next batch does not wait for them. */
  async #answerUnanswered(calls: readonly JoinedCall[]): Promise<void> {
    if (calls.length === 0) return;
    this.#singleRuns += 1;
    await this.#answerSingly(calls);
    this.#singleRuns -= 1;
    this.#notifyIfIdle();
  }

  /** Runs each call's own statement, which observes the call's signal and deadline itself. */
  async #answerSingly(calls: readonly JoinedCall[]): Promise<void> {
    await Promise.all(
      calls.map(async (call) => {
        call.isCancellable = false;
        try {
          call.resolve(await this.#host.runSingly(call.statement, call.options));
        } catch (error) {
          call.reject(error);
        }
      }),
    );
  }

  #notifyIfIdle(): void {
    if (this.isIdle) this.#host.onIdle();
  }

  readonly #onCancelled = (call: JoinedCall): void => {
    const index = this.#waiting.indexOf(call);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      this.#cancelled += 1;
    }
    for (const { calls, controller } of this.#running) {
      if (calls.every(({ isSettled }) => isSettled)) controller.abort();
    }
    this.#notifyIfIdle();
  };

  /** Sets the group's one timer to the earliest deadline. */
  #watch({ deadline }: JoinedCall): void {
    if (deadline >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    const delay = Math.min(Math.max(0, deadline - performance.now()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#cancelLate(), delay);
    this.#timer.unref();
  }

  #cancelLate(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const calls = [...this.#waiting, ...this.#running.flatMap((batch) => batch.calls)];
    for (const call of calls) {
      call.cancelIfLate(now);
      if (!call.isSettled && call.isCancellable) this.#watch(call);
    }
  }
}
