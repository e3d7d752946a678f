import { AbortedError, OverloadedError, TimeoutError } from '../errors/flow-errors.js';
import type { SluiceError } from '../errors/sluice-error.js';
import { Fifo } from './fifo.js';
import { MAX_TIMER_MS } from './max-timer.js';
import { PRIORITIES, type Priority } from './priority.js';

/** How long a call may wait, and what may end its wait. */
export interface WaitOptions {
  /** Default `normal`. */
  readonly priority?: Priority | undefined;
  /** When the wait ends in a {@link TimeoutError}, in milliseconds of `performance.now()`. Default: never. */
  readonly deadline?: number | undefined;
  /** Ends the wait in an {@link AbortedError}. */
  readonly signal?: AbortSignal | undefined;
}

/** What a {@link WaitingQueue} is made with. */
export interface WaitingQueueOptions {
  /** What is waited for, for messages: `the writer`. */
  readonly name: string;
  /** How many items may wait; one more is refused with an {@link OverloadedError}. */
  readonly limit: number;
  /** After this wait, in milliseconds, an item is served before fresher ones of a higher priority. Default 1,000. */
  readonly ageingMs?: number;
  /** Who is in the way, for the error of those who waited in vain. */
  readonly holder?: () => Holding | undefined;
}

/** Who holds what is waited for. */
export interface Holding {
  readonly label: string;
  readonly heldMs: number;
  /** Made where it was asked for. */
  readonly origin: Error;
}

/** What is taken from a {@link WaitingQueue}. */
export interface Dequeued<T> {
  readonly item: T;
  readonly waitedMs: number;
  readonly priority: Priority;
}

interface Waiting<T> {
  readonly item: T;
  readonly since: number;
  readonly deadline: number;
  readonly drop: (error: SluiceError) => void;
  readonly forget: () => void;
  place: number;
}

/**
 * A bounded first-in-first-out queue per priority, with ageing, deadlines and cancellation (contract C6, C10).
 *
 * An item leaves exactly once: by {@link WaitingQueue.dequeue}, or by its `drop` callback with the error that ended its wait.
 */
export class WaitingQueue<T> {
  readonly #options: WaitingQueueOptions & { readonly ageingMs: number };
  readonly #waiting: Record<Priority, Fifo<Waiting<T>>> = {
    high: new Fifo(),
    normal: new Fifo(),
    low: new Fifo(),
  };
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: WaitingQueueOptions) {
    this.#options = { ageingMs: 1000, ...options };
  }

  /** How many items wait. */
  get size(): number {
    return this.#size;
  }

  /** How many items of one priority wait. */
  depth(priority: Priority): number {
    return this.#waiting[priority].size;
  }

  /**
   * Adds an item at the end of its priority.
   *
   * @param drop called at most once, when the item's wait ends without its being dequeued.
   * @throws OverloadedError when the queue is full, AbortedError or TimeoutError when the wait is over before it began.
   */
  enqueue(item: T, options: WaitOptions, drop: (error: SluiceError) => void): void {
    const { priority = 'normal', deadline = Number.POSITIVE_INFINITY, signal } = options;
    const now = performance.now();
    if (signal?.aborted) throw abortedError(this.#options.name, signal);
    if (deadline <= now) throw this.#timeoutError();
    if (this.#size >= this.#options.limit) throw this.#overloaded();

    const onAbort = (): void => this.#drop(entry, priority, abortedError(this.#options.name, signal));
    const forget = (): void => signal?.removeEventListener('abort', onAbort);
    const entry: Waiting<T> = { item, since: now, deadline, drop, forget, place: -1 };
    signal?.addEventListener('abort', onAbort, { once: true });
    entry.place = this.#waiting[priority].add(entry);
    this.#size += 1;
    this.#arm(deadline);
  }

  /**
   * Takes the next item, or `undefined` when none waits. `waitedMs` is how long it waited.
   *
   * @param accept when given, an item it says no to stays the next, and nothing is taken.
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

  /** Ends every wait with `error`. */
  dropAll(error: SluiceError): void {
    for (const priority of PRIORITIES) {
      for (const entry of this.#waiting[priority].items()) this.#drop(entry, priority, error);
    }
  }

  /** The most urgent priority with an item, unless a less urgent one has waited past the ageing time. */
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

  #drop(entry: Waiting<T>, priority: Priority, error: SluiceError): void {
    if (this.#remove(entry, priority)) entry.drop(error);
  }

  /** False when it has left already. */
  #remove(entry: Waiting<T>, priority: Priority): boolean {
    if (!this.#waiting[priority].remove(entry.place)) return false;
    this.#size -= 1;
    entry.forget();
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

function abortedError(name: string, signal: AbortSignal | undefined): AbortedError {
  return new AbortedError(`The signal was aborted while waiting for ${name}; nothing was executed.`, {
    cause: signal?.reason,
  });
}
