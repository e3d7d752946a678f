import { type Lease, TimeoutError, WaitingQueue, type WaitOptions } from '@sluice/core';
import type { GateOptions, PostgresGate } from './postgres-gate.js';
import { WriterLimit } from './postgres-writer-limit.js';

/** How long a writer waits for its turn before it goes on among the others: one of them may be waiting for what comes after it. */
const PATIENCE_MS = 2000;

/** How a writer's work ended; filled in by whoever does the work. */
export interface WriterOutcome {
  isConflict: boolean;
}

/** What a writer waits with. */
export interface ThrottleOptions extends GateOptions {
  /** Writers of one label share a limit. Without one nothing is held back. */
  readonly label?: string | undefined;
  readonly outcome?: WriterOutcome | undefined;
}

interface Kind {
  readonly limit: WriterLimit;
  readonly waiting: WaitingQueue<() => void>;
  inside: number;
}

/**
 * Calms a storm of conflicts ahead of the gate: writers of a label that undo each other are let through few at a time, first come, first served;
 * the others are not touched. What is held up holds no connection.
 */
export class PostgresThrottle {
  readonly #gate: PostgresGate;
  readonly #permits: number;
  readonly #queueLimit: number;
  /** The labels that had a conflict. */
  readonly #kinds = new Map<string, Kind>();
  #onEmpty: (() => void) | undefined;

  constructor(gate: PostgresGate, permits: number, queueLimit: number) {
    this.#gate = gate;
    this.#permits = permits;
    this.#queueLimit = queueLimit;
  }

  /** Waits for the label's turn, and then for the gate. @throws as {@link PostgresGate.acquire}. */
  async acquire(options: ThrottleOptions = {}): Promise<Lease> {
    const { label, outcome } = options;
    if (label === undefined || outcome === undefined) return this.#gate.acquire(options);
    const kind = this.#kinds.get(label);
    const since = performance.now();
    if (kind !== undefined) await this.#enter(kind, options);
    const era = kind?.limit.era ?? 0;
    const leave = (): void => {
      if (kind !== undefined) this.#leave(kind);
    };
    try {
      const lease = await this.#gate.acquire(options);
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        lease.release();
        this.#record(label, outcome, era);
        leave();
      };
      return { waitedMs: performance.now() - since, release };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Resolves when nobody waits any more, here or at the gate. */
  async empty(): Promise<void> {
    if (!this.#isEmpty) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    await this.#gate.empty();
  }

  /** Whoever was undone goes before those who have not begun. */
  async #enter(kind: Kind, options: ThrottleOptions): Promise<void> {
    if (kind.waiting.size > 0 || kind.inside >= kind.limit.value) await this.#wait(kind, options);
    else kind.inside += 1;
  }

  #wait(kind: Kind, options: ThrottleOptions): Promise<void> {
    const { attempt = 1, priority, deadline = Number.POSITIVE_INFINITY, signal } = options;
    const patience = performance.now() + PATIENCE_MS;
    const wait: WaitOptions = {
      priority: attempt > 1 ? 'high' : priority,
      deadline: Math.min(deadline, patience),
      signal,
    };
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        kind.inside += 1;
        resolve();
      };
      kind.waiting.enqueue(enter, wait, (error) => {
        if (error instanceof TimeoutError && patience < deadline) enter();
        else reject(error);
        this.#settled();
      });
    });
  }

  #leave(kind: Kind): void {
    kind.inside -= 1;
    while (kind.inside < kind.limit.value) {
      const next = kind.waiting.dequeue();
      if (next === undefined) break;
      next.item();
    }
    this.#settled();
  }

  #record(label: string, { isConflict }: WriterOutcome, era: number): void {
    const kind = this.#kinds.get(label);
    if (kind !== undefined) kind.limit.record(isConflict, era);
    else if (isConflict) this.#add(label).limit.record(true, 0);
  }

  #add(label: string): Kind {
    const limit = new WriterLimit(this.#permits);
    const name = `the writers called "${label}"`;
    const waiting = new WaitingQueue<() => void>({ name, limit: this.#queueLimit });
    const kind = { limit, waiting, inside: 0 };
    this.#kinds.set(label, kind);
    return kind;
  }

  get #isEmpty(): boolean {
    for (const { inside, waiting } of this.#kinds.values()) {
      if (inside > 0 || waiting.size > 0) return false;
    }
    return true;
  }

  /** A storm is over when nobody is left; the next one is met anew. */
  #settled(): void {
    for (const [label, { inside, waiting }] of this.#kinds) {
      if (inside === 0 && waiting.size === 0) this.#kinds.delete(label);
    }
    if (this.#onEmpty !== undefined && this.#isEmpty) this.#onEmpty();
  }
}
