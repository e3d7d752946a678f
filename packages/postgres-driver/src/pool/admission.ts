import { type Lease, TimeoutError, WaitingQueue } from '@sluice/core';
import type { ConnectionLane, ConnectionWait } from './connection-lane.js';

/** The attempt from which on a writer runs exclusively. */
export const EXCLUSIVE_FROM_ATTEMPT = 3;

/**
 * How long a writer waits to run exclusively before it runs with the others, in milliseconds. Otherwise an active writer that waits for this writer's
 * caller would deadlock with it.
 */
const EXCLUSIVE_TIMEOUT_MS = 2000;

/** How long an exclusive writer may hold the others back, in milliseconds, for the same reason. */
const MAX_EXCLUSIVE_MS = 30_000;

/** How a writer waits. */
export interface AdmissionOptions extends ConnectionWait {
  /** The number of the attempt, from 1. */
  readonly attempt?: number | undefined;
  /** Whether it is a schema change. It waits for a lock of its own, without a limit, and bypasses admission control. */
  readonly isSchemaChange?: boolean | undefined;
}

/** A writer that waits to be admitted. */
interface Waiter {
  readonly isExclusive: boolean;
  readonly admit: () => void;
}

/**
 * Admission control for the writers of this process, ahead of the pool's lane. Writers run concurrently; one that conflicts have rolled back repeatedly
 * runs exclusively, so that a long writer succeeds among many short ones. First come, first served. A waiting writer holds no connection.
 */
export class PostgresAdmission {
  readonly #lane: ConnectionLane;
  readonly #waiting: WaitingQueue<Waiter>;
  #active = 0;
  /** The writer that runs exclusively. */
  #exclusive: Waiter | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(lane: ConnectionLane, queueLimit: number) {
    this.#lane = lane;
    this.#waiting = new WaitingQueue({ name: 'the writers of this process', limit: queueLimit });
  }

  /**
   * Waits for admission and for the lane.
   *
   * @throws as {@link ConnectionLane.acquire}.
   */
  async acquire(options: AdmissionOptions = {}): Promise<Lease> {
    const { attempt = 1, isSchemaChange = false } = options;
    if (isSchemaChange) return this.#lane.acquire(options);
    if (attempt < EXCLUSIVE_FROM_ATTEMPT) return this.#acquireConcurrently(options);
    const since = performance.now();
    const leave = await this.#admitExclusively(options);
    return leave === undefined
      ? this.#acquireConcurrently(options)
      : this.#acquireAdmitted(options, since, leave);
  }

  /** Resolves when no writer is admitted or waits for admission. The lane may still have callers. */
  async empty(): Promise<void> {
    if (this.#isEmpty) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Acquires the lane first, and admission only where a writer runs exclusively or waits to. */
  async #acquireConcurrently(options: AdmissionOptions): Promise<Lease> {
    const since = performance.now();
    const lease = await this.#lane.acquire(options);
    const leave = (): void => this.#leave();
    if (this.#exclusive === undefined && this.#waiting.size === 0) {
      this.#active += 1;
      return withRelease(lease, since, leave);
    }
    lease.release();
    await this.#wait(false, options);
    return this.#acquireAdmitted(options, since, leave);
  }

  /** Acquires the lane with high priority, because an admitted writer has already waited its turn. */
  async #acquireAdmitted(options: AdmissionOptions, since: number, leave: () => void): Promise<Lease> {
    try {
      return withRelease(await this.#lane.acquire({ ...options, priority: 'high' }), since, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Waits to run exclusively. Returns the function that ends it; `undefined` when {@link EXCLUSIVE_TIMEOUT_MS} passed before. */
  async #admitExclusively(options: AdmissionOptions): Promise<(() => void) | undefined> {
    const { deadline = Number.POSITIVE_INFINITY } = options;
    const timeoutAt = performance.now() + EXCLUSIVE_TIMEOUT_MS;
    let waiter: Waiter;
    try {
      waiter = await this.#wait(true, { ...options, deadline: Math.min(deadline, timeoutAt) });
    } catch (error) {
      if (error instanceof TimeoutError && timeoutAt < deadline) return undefined;
      throw error;
    }
    const timer = setTimeout(() => this.#endExclusive(waiter), MAX_EXCLUSIVE_MS);
    timer.unref();
    return () => {
      clearTimeout(timer);
      this.#endExclusive(waiter);
    };
  }

  #wait(isExclusive: boolean, options: AdmissionOptions): Promise<Waiter> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { isExclusive, admit: () => resolve(waiter) };
      this.#waiting.enqueue(waiter, options, (error) => {
        reject(error);
        this.#admitNext();
      });
      this.#admitNext();
    });
  }

  #leave(): void {
    this.#active -= 1;
    this.#admitNext();
  }

  #endExclusive(waiter: Waiter): void {
    if (this.#exclusive !== waiter) return;
    this.#exclusive = undefined;
    this.#admitNext();
  }

  #admitNext(): void {
    for (;;) {
      const next = this.#waiting.dequeue(({ isExclusive }) => this.#mayRun(isExclusive));
      if (next === undefined) break;
      if (next.item.isExclusive) this.#exclusive = next.item;
      else this.#active += 1;
      next.item.admit();
    }
    if (this.#isEmpty) this.#onEmpty?.();
  }

  get #isEmpty(): boolean {
    return this.#active === 0 && this.#exclusive === undefined && this.#waiting.size === 0;
  }

  #mayRun(isExclusive: boolean): boolean {
    return this.#exclusive === undefined && (!isExclusive || this.#active === 0);
  }
}

function withRelease(lease: Lease, since: number, leave: () => void): Lease {
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    lease.release();
    leave();
  };
  return { waitedMs: performance.now() - since, release };
}
