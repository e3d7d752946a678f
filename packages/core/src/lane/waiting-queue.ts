import { AbortedError, OverloadedError, TimeoutError } from '../errors/flow-errors.js';
import type { SluiceError } from '../errors/sluice-error.js';
import { Fifo } from './fifo.js';
import { MAX_TIMER_MS } from './max-timer.js';
import { PRIORITIES, type Priority } from './priority.js';

/** How one item waits. */
export interface WaitOptions {
  /** Default `normal`. */
  readonly priority?: Priority | undefined;
  /** When the wait ends in a {@link TimeoutError}, in milliseconds of `performance.now()`. Default: never. */
  readonly deadline?: number | undefined;
  /** Ends the wait in an {@link AbortedError}. */
  readonly signal?: AbortSignal | undefined;
  /** The same, for a caller whose `signal` ends more than the wait. */
  readonly waitSignal?: AbortSignal | undefined;
}

/** What a {@link WaitingQueue} is made with. */
export interface WaitingQueueOptions {
  /** Names what the items wait for, in messages: `the writer`. */
  readonly name: string;
  /** How many items may wait; one more is refused with an {@link OverloadedError}. */
  readonly limit: number;
  /** After this wait, in milliseconds, an item is served before fresher ones of a higher priority. Default 1,000. */
  readonly ageingMs?: number;
  /** Returns the present holder, for the message of a TimeoutError; `undefined` when there is none. */
  readonly holder?: () => QueueHolder | undefined;
}

/** The holder of what a queue's items wait for. */
export interface QueueHolder {
  /** The `label` of the holder's call. */
  readonly label: string;
  readonly heldMs: number;
  /** Created at the holder's call, so that its stack shows where that is. */
  readonly origin: Error;
}

/** An item taken from a {@link WaitingQueue}. */
export interface Dequeued<T> {
  readonly item: T;
  readonly waitedMs: number;
  readonly priority: Priority;
}

interface Entry<T> {
  readonly item: T;
  readonly since: number;
  readonly deadline: number;
  readonly drop: (error: SluiceError) => void;
  /** Stops listening to the item's signal. */
  readonly unlisten: () => void;
  /** Its position in the {@link Fifo} of its priority. */
  position: number;
}

/**
 * A bounded first-in-first-out queue per priority, with ageing, deadlines and cancellation (contract C6, C10).
 *
 * An item leaves the queue exactly once: {@link WaitingQueue.dequeue} returns it, or its `drop` callback is called with the error that ended
 * its wait.
 */
export class WaitingQueue<T> {
  readonly #options: WaitingQueueOptions & { readonly ageingMs: number };
  readonly #waiting: Record<Priority, Fifo<Entry<T>>> = {
    high: new Fifo(),
    normal: new Fifo(),
    low: new Fifo(),
  };
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The deadline that the timer is set for. */
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: WaitingQueueOptions) {
    this.#options = { ageingMs: 1000, ...options };
  }

  /** The number of items that wait. */
  get size(): number {
    return this.#size;
  }

  /** The number of items of one priority that wait. */
  depth(priority: Priority): number {
    return this.#waiting[priority].size;
  }

  /**
   * Adds an item at the end of its priority.
   *
   * @param drop called at most once, when the wait ends before the item is dequeued.
   * @throws OverloadedError when the queue is full; AbortedError or TimeoutError when the signal is aborted, or the deadline past, already.
   */
  enqueue(item: T, options: WaitOptions, drop: (error: SluiceError) => void): void {
    const { priority = 'normal', deadline = Number.POSITIVE_INFINITY } = options;
    const signals = signalsOf(options);
    const now = performance.now();
    const aborted = signals.find((signal) => signal.aborted);
    if (aborted !== undefined) throw abortedError(this.#options.name, aborted);
    if (deadline <= now) throw this.#timeoutError();
    if (this.#size >= this.#options.limit) throw this.#overloaded();

    const onAbort = (): void => {
      const cause = signals.find((signal) => signal.aborted);
      this.#drop(entry, priority, abortedError(this.#options.name, cause));
    };
    const unlisten = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    };
    const entry: Entry<T> = { item, since: now, deadline, drop, unlisten, position: -1 };
    for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
    entry.position = this.#waiting[priority].add(entry);
    this.#size += 1;
    this.#arm(deadline);
  }

  /**
   * Takes the next item out of the queue; `undefined` when none waits.
   *
   * @param accept when it returns false for the next item, that item stays first and nothing is taken.
   */
  dequeue(accept?: (item: T) => boolean): Dequeued<T> | undefined {
    const now = performance.now();
    const priority = this.#nextPriority(now);
    if (priority === undefined) return undefined;
    const entry = this.#waiting[priority].first;
    if (entry === undefined || accept?.(entry.item) === false) return undefined;
    this.#remove(entry, priority);
    if (entry.deadline <= now) {
      entry.drop(this.#timeoutError());
      return this.dequeue(accept);
    }
    return { item: entry.item, waitedMs: now - entry.since, priority };
  }

  /** Drops every item with `error`. */
  dropAll(error: SluiceError): void {
    for (const priority of PRIORITIES) {
      for (const entry of this.#waiting[priority].items()) this.#drop(entry, priority, error);
    }
  }

  /** The most urgent priority that has an item; or the one whose first item is the oldest of those that have waited longer than `ageingMs`. */
  #nextPriority(now: number): Priority | undefined {
    let next: Priority | undefined;
    let oldest = now - this.#options.ageingMs;
    for (const priority of PRIORITIES) {
      const entry = this.#waiting[priority].first;
      if (entry === undefined) continue;
      if (next === undefined) next = priority;
      else if (entry.since < oldest) next = priority;
      if (next === priority) oldest = Math.min(oldest, entry.since);
    }
    return next;
  }

  #drop(entry: Entry<T>, priority: Priority, error: SluiceError): void {
    if (this.#remove(entry, priority)) entry.drop(error);
  }

  /** Returns false when the item has left the queue already. */
  #remove(entry: Entry<T>, priority: Priority): boolean {
    if (!this.#waiting[priority].remove(entry.position)) return false;
    this.#size -= 1;
    entry.unlisten();
    if (this.#size === 0) this.#disarm();
    return true;
  }

  #arm(deadline: number): void {
    if (deadline >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    const delayMs = Math.min(Math.max(0, deadline - performance.now()) + 1, MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#expire(), delayMs);
    this.#timer.unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #expire(): void {
    this.#disarm();
    const now = performance.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const priority of PRIORITIES) {
      for (const entry of this.#waiting[priority].items()) {
        if (entry.deadline <= now) this.#drop(entry, priority, this.#timeoutError());
        else earliest = Math.min(earliest, entry.deadline);
      }
    }
    this.#arm(earliest);
  }

  #timeoutError(): TimeoutError {
    const { name } = this.#options;
    const holder = this.#options.holder?.();
    if (holder === undefined)
      return new TimeoutError(`The deadline passed while waiting for ${name}; nothing was executed.`);
    const { label, heldMs, origin } = holder;
    return new TimeoutError(
      `The deadline passed while waiting for ${name}, which "${label}" has held for ${Math.round(heldMs)} ms; nothing was executed. The cause tells where it was taken.`,
      { cause: origin },
    );
  }

  #overloaded(): OverloadedError {
    const { name, limit } = this.#options;
    return new OverloadedError(
      `${limit} calls are waiting for ${name} already. Try again later, or raise the limit.`,
    );
  }
}

/** The signals that end a wait; almost always none. */
function signalsOf({ signal, waitSignal }: WaitOptions): readonly AbortSignal[] {
  if (signal === undefined && waitSignal === undefined) return NO_SIGNALS;
  return [signal, waitSignal].filter((given) => given !== undefined);
}

const NO_SIGNALS: readonly AbortSignal[] = [];

function abortedError(name: string, signal: AbortSignal | undefined): AbortedError {
  return new AbortedError(`The signal was aborted while waiting for ${name}; nothing was executed.`, {
    cause: signal?.reason,
  });
}
