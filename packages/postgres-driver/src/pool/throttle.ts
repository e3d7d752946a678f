import { type Lease, TimeoutError, WaitingQueue, type WaitOptions } from '@sluice/core';
import type { HotSpot, SharedCommit } from '../transaction/shared-commit.js';
import type { WriterOutcome } from '../transaction/writer-outcome.js';
import type { AdmissionOptions, PostgresAdmission } from './admission.js';
import { WriterLimit } from './writer-limit.js';

/** How long a writer waits for its turn before it goes on among the others: one of them may be waiting for what comes after it. */
const PATIENCE_MS = 2000;

/** How long it is remembered how many writers of a label were too many, and that they cannot share a COMMIT. */
const MEMORY_MS = 10_000;

/** From this attempt on a writer is to be alone. */
const ALONE_FROM_ATTEMPT = 3;

/** What a writer waits with. */
export interface ThrottleOptions extends AdmissionOptions {
  /** Writers of one label share a limit. Without one nothing is held back. */
  readonly label?: string | undefined;
  readonly outcome?: WriterOutcome | undefined;
  /** Transactions with the same text may share a COMMIT where only one may be at work. Default: none may. */
  readonly sharing?: string | undefined;
}

/** The right to a connection, or to a part of another transaction's. */
export interface ThrottleLease extends Lease {
  /** Set where one writer at a time is let in: those that wait may share its COMMIT. */
  readonly hotSpot?: HotSpot | undefined;
  /** Set where there is nothing to wait for any more: the connection is that of the one before. */
  readonly shared?: SharedCommit | undefined;
}

interface Kind {
  readonly limit: WriterLimit;
  readonly waiting: WaitingQueue<Waiter>;
  inside: number;
  /** Until then no COMMIT is shared, in milliseconds of `performance.now()`. */
  barredUntil: number;
  /** When the last one left. */
  leftAt: number;
}

interface Waiter {
  readonly since: number;
  readonly options: ThrottleOptions;
  enter(shared?: SharedCommit): void;
}

/**
 * Calms a storm of conflicts ahead of the admission: writers of a label that undo each other are let through few at a time, first come, first served;
 * the others are not touched. What is held up holds no connection.
 */
export class PostgresThrottle {
  readonly #admission: PostgresAdmission;
  readonly #permits: number;
  readonly #queueLimit: number;
  /** The labels that had a conflict. */
  readonly #kinds = new Map<string, Kind>();
  #onEmpty: (() => void) | undefined;

  constructor(admission: PostgresAdmission, permits: number, queueLimit: number) {
    this.#admission = admission;
    this.#permits = permits;
    this.#queueLimit = queueLimit;
  }

  /** Waits for the label's turn, and then for the gate. @throws as {@link PostgresAdmission.acquire}. */
  async acquire(options: ThrottleOptions = {}): Promise<ThrottleLease> {
    const { label, outcome } = options;
    if (label === undefined || outcome === undefined) return this.#admission.acquire(options);
    const kind = this.#kinds.get(label);
    const since = performance.now();
    const shared = kind === undefined ? undefined : await this.#enter(kind, options, since);
    const era = kind?.limit.era ?? 0;
    if (shared !== undefined) return this.#shareWith(shared, label, outcome, since);
    const leave = (): void => {
      if (kind !== undefined) this.#leave(kind);
    };
    try {
      const lease = await this.#admission.acquire(options);
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        lease.release();
        this.#record(label, outcome, era);
        leave();
      };
      const hotSpot = kind === undefined ? undefined : hotSpotOf(kind, options);
      return { waitedMs: performance.now() - since, release, hotSpot };
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
    await this.#admission.empty();
  }

  /** Whoever was undone goes before those who have not begun. */
  async #enter(kind: Kind, options: ThrottleOptions, since: number): Promise<SharedCommit | undefined> {
    if (kind.waiting.size > 0 || kind.inside >= kind.limit.value) return this.#wait(kind, options, since);
    kind.inside += 1;
    return undefined;
  }

  #wait(kind: Kind, options: ThrottleOptions, since: number): Promise<SharedCommit | undefined> {
    const { attempt = 1, priority, deadline = Number.POSITIVE_INFINITY, signal } = options;
    const patience = performance.now() + PATIENCE_MS;
    const wait: WaitOptions = {
      priority: attempt > 1 ? 'high' : priority,
      deadline: Math.min(deadline, patience),
      signal,
    };
    return new Promise((resolve, reject) => {
      const enter = (shared?: SharedCommit): void => {
        if (shared === undefined) kind.inside += 1;
        resolve(shared);
      };
      kind.waiting.enqueue({ since, options, enter }, wait, (error) => {
        if (error instanceof TimeoutError && patience < deadline) enter();
        else reject(error);
        this.#settled();
      });
    });
  }

  /** Its conflicts count as any other's do, but the place inside is that of the transaction that began. */
  #shareWith(shared: SharedCommit, label: string, outcome: WriterOutcome, since: number): ThrottleLease {
    const era = this.#kinds.get(label)?.limit.era ?? 0;
    const release = (): void => this.#record(label, outcome, era);
    return { waitedMs: performance.now() - since, release, shared };
  }

  #leave(kind: Kind): void {
    kind.inside -= 1;
    kind.leftAt = performance.now();
    while (kind.inside < kind.limit.value) {
      const next = kind.waiting.dequeue();
      if (next === undefined) break;
      next.item.enter();
    }
    this.#settled();
  }

  #record(label: string, { isConflict }: WriterOutcome, era: number): void {
    const kind = this.#kinds.get(label);
    if (kind !== undefined) kind.limit.record(isConflict, era);
    else if (isConflict) this.#add(label).limit.record(true, 0);
  }

  #add(label: string): Kind {
    this.#forgetOld();
    const limit = new WriterLimit(this.#permits);
    const name = `the writers called "${label}"`;
    const waiting = new WaitingQueue<Waiter>({ name, limit: this.#queueLimit });
    const kind = { limit, waiting, inside: 0, barredUntil: 0, leftAt: performance.now() };
    this.#kinds.set(label, kind);
    return kind;
  }

  get #isEmpty(): boolean {
    for (const { inside, waiting } of this.#kinds.values()) {
      if (inside > 0 || waiting.size > 0) return false;
    }
    return true;
  }

  /** A storm that comes again soon is met with what was learned from the last one. */
  #forgetOld(): void {
    const before = performance.now() - MEMORY_MS;
    for (const [label, { inside, waiting, leftAt }] of this.#kinds) {
      if (inside === 0 && waiting.size === 0 && leftAt < before) this.#kinds.delete(label);
    }
  }

  #settled(): void {
    if (this.#onEmpty !== undefined && this.#isEmpty) this.#onEmpty();
  }
}

function hotSpotOf(kind: Kind, { sharing, attempt = 1 }: ThrottleOptions): HotSpot | undefined {
  const isHot = kind.limit.value === 1 && performance.now() >= kind.barredUntil;
  if (!isHot || sharing === undefined || attempt >= ALONE_FROM_ATTEMPT) return undefined;
  return {
    admit: (shared, before) => {
      const next = kind.waiting.dequeue(
        ({ since, options }) =>
          since < before && options.sharing === sharing && (options.attempt ?? 1) < ALONE_FROM_ATTEMPT,
      );
      next?.item.enter(shared);
      return next !== undefined;
    },
    suspendSharing: () => {
      kind.barredUntil = performance.now() + MEMORY_MS;
    },
  };
}
