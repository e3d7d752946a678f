import type { ExecuteOptions, Priority, Statement, StatementResult } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { PooledConnection } from '../transaction/pooled-connection.js';
import type { Bound } from '../values/parameters.js';
import type { RawResult } from '../values/raw-result.js';
import { JoinedCall } from './joined-call.js';

/** How many batches of one group may run at once; while they do, callers gather for the next. Two keep client and server busy. */
const MOST_RUNNING = 2;

/** So many callers are better answered by several batches at once. */
const WORTH_SHARING = 32;

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How the calls of one form are answered by one statement. */
export interface BatchPlan {
  readonly mode: 'read' | 'write';
  /** Whether calls are better run by themselves for a while. */
  readonly isPaused: boolean;
  /** Takes the next batch off the front of `waiting`, of about `count` calls. */
  take(waiting: JoinedCall[], count: number): JoinedCall[];
  /** Runs a batch and answers its calls; whoever it leaves out is answered singly. `signal`: nobody waits any more. */
  run(batch: readonly JoinedCall[], pooled: PooledConnection, signal: AbortSignal): Promise<void>;
}

/** A batch's statement. */
export interface BatchStatement {
  readonly mode: 'read' | 'write';
  readonly text: string;
  readonly parameters: readonly Bound[];
}

/** Runs a batch's statement in a transaction of its own. @throws CommitUnknownError, or what was certainly undone. */
export type RunBatch = (
  connection: PostgresConnection,
  statement: BatchStatement,
  options: ExecuteOptions,
) => Promise<RawResult>;

/** What a group works with. */
export interface GroupHost {
  acquire(mode: 'read' | 'write', options: ExecuteOptions): Promise<PooledConnection>;
  /** Answers a call by its own statement. */
  runSingly(statement: Statement, options: ExecuteOptions): Promise<StatementResult>;
  /** Told when the group has nobody left to answer. */
  readonly onIdle: () => void;
}

interface Batch {
  readonly calls: readonly JoinedCall[];
  readonly controller: AbortController;
}

/**
 * The callers of statements of one form and one priority. Those of one tick go together, and so do those who come while other batches run or
 * wait for a connection. Each may leave at its own signal or deadline.
 */
export class CallGroup {
  readonly priority: Priority;
  readonly #plan: BatchPlan;
  readonly #host: GroupHost;
  readonly #waiting: JoinedCall[] = [];
  /** A few. A Set would keep what it held from the garbage collector; core's Fifo tells why. */
  #running: readonly Batch[] = [];
  /** Batches that wait for a connection, or run. */
  #active = 0;
  #left = 0;
  /** Groups of calls that fell out of a batch. */
  #apart = 0;
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** @param priority with which connections are asked for. */
  constructor(plan: BatchPlan, host: GroupHost, priority: Priority) {
    this.#plan = plan;
    this.#host = host;
    this.priority = priority;
  }

  get mode(): 'read' | 'write' {
    return this.#plan.mode;
  }

  /** How many callers wait for a batch to begin. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many callers have gone while they waited. */
  get left(): number {
    return this.#left;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#active === 0 && this.#apart === 0;
  }

  /** Answers a call together with others. The call is not over yet. */
  add(statement: Statement, bound: JoinedCall['bound'], options: ExecuteOptions): Promise<StatementResult> {
    const call = new JoinedCall(statement, bound, options, this.#onLeave);
    this.#waiting.push(call);
    this.#watch(call);
    this.#schedule();
    return call.result;
  }

  /** Lets go of the timer, when nobody is left. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** The next batch begins when this tick is over, so that whoever calls in it comes along. */
  #schedule(): void {
    if (this.#isScheduled || this.#active >= MOST_RUNNING || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      if (this.#waiting.length === 1) void this.#runOnly();
      else void this.#runBatch();
    });
  }

  /** Nobody else has called: its own statement is the best there is. */
  async #runOnly(): Promise<void> {
    const calls = this.#waiting.splice(0);
    this.#active += 1;
    await this.#answerSingly(calls);
    this.#active -= 1;
    this.#schedule();
    this.#settled();
  }

  /** The connection comes first: for as long as it is waited for, more callers join. */
  async #runBatch(): Promise<void> {
    if (this.#waiting.length === 0) return;
    this.#active += 1;
    try {
      const pooled = await this.#host.acquire(this.#plan.mode, { priority: this.priority });
      const calls = this.#plan.take(this.#waiting, this.#share());
      // Whoever is left waits for a batch of their own.
      this.#schedule();
      if (calls.length === 0) await pooled.release();
      else await this.#answer(calls, pooled);
    } catch {
      // Each finds out for itself, and gets an error of its own.
      void this.#answerApart(this.#waiting.splice(0));
    }
    this.#active -= 1;
    this.#schedule();
    this.#settled();
  }

  /** How many calls the next batch takes. */
  #share(): number {
    const { length } = this.#waiting;
    return this.#active < MOST_RUNNING && length >= WORTH_SHARING ? Math.ceil(length / MOST_RUNNING) : length;
  }

  async #answer(calls: readonly JoinedCall[], pooled: PooledConnection): Promise<void> {
    const batch = { calls, controller: new AbortController() };
    pooled.joinedBy(calls.length - 1);
    this.#running = [...this.#running, batch];
    try {
      await this.#plan.run(calls, pooled, batch.controller.signal);
    } catch {
      // Whoever has no answer is answered singly.
    }
    this.#running = this.#running.filter((other) => other !== batch);
    await pooled.release();
    void this.#answerApart(calls.filter((call) => !call.isOver));
  }

  /** The next batch does not wait for those who fell out of this one. */
  async #answerApart(calls: readonly JoinedCall[]): Promise<void> {
    if (calls.length === 0) return;
    this.#apart += 1;
    await this.#answerSingly(calls);
    this.#apart -= 1;
    this.#settled();
  }

  /** From here on each one's own statement sees to its signal and its deadline. */
  async #answerSingly(calls: readonly JoinedCall[]): Promise<void> {
    await Promise.all(
      calls.map(async (call) => {
        call.mayLeave = false;
        try {
          call.resolve(await this.#host.runSingly(call.statement, call.options));
        } catch (error) {
          call.reject(error);
        }
      }),
    );
  }

  #settled(): void {
    if (this.isIdle) this.#host.onIdle();
  }

  readonly #onLeave = (call: JoinedCall): void => {
    const index = this.#waiting.indexOf(call);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      this.#left += 1;
    }
    for (const { calls, controller } of this.#running) {
      if (calls.every(({ isOver }) => isOver)) controller.abort();
    }
    this.#settled();
  };

  /** One timer, for whoever must be told next. */
  #watch({ deadline }: JoinedCall): void {
    if (deadline >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    const delay = Math.min(Math.max(0, deadline - performance.now()), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#sweep(), delay);
    this.#timer.unref();
  }

  #sweep(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const calls = [...this.#waiting, ...this.#running.flatMap((batch) => batch.calls)];
    for (const call of calls) {
      call.leaveIfLate(now);
      if (!call.isOver && call.mayLeave) this.#watch(call);
    }
  }
}
