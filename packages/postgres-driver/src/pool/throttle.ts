import { ConflictError, type Lease, TimeoutError, WaitingQueue, type WaitOptions } from '@sluice/core';
import type { PostgresCounters } from '../transaction/counters.js';
import type { HotSpot, SharedCommit } from '../transaction/shared-commit.js';
import type { WriterOutcome } from '../transaction/writer-outcome.js';
import { type AdmissionOptions, EXCLUSIVE_FROM_ATTEMPT, type PostgresAdmission } from './admission.js';
import { WriterLimit } from './writer-limit.js';

/** How long the limit may hold a writer back, in milliseconds. Otherwise an active writer that waits for this writer's caller would deadlock with it. */
const WAIT_TIMEOUT_MS = 2000;

/** How long the limit of an unused label is kept, in milliseconds. */
const RETENTION_MS = 10_000;

/** How long no COMMIT is shared after a member had to be rolled back, in milliseconds. */
const SHARING_SUSPENDED_MS = 10_000;

/** How a writer waits. */
export interface ThrottleOptions extends AdmissionOptions {
  /** Writers of one label share a limit. A writer without a label has none. */
  readonly label?: string | undefined;
  /** Set before the lease is released. Without it a writer has no limit. */
  readonly outcome?: WriterOutcome | undefined;
  /** Transactions with the same value may share a COMMIT where their limit is one. Default: the transaction shares none. */
  readonly sharing?: string | undefined;
}

/** A permit for a connection, or a membership in the shared COMMIT of another transaction. */
export interface ThrottleLease extends Lease {
  /** Set where the limit is one writer: the waiting writers may then share its COMMIT. */
  readonly hotSpot?: HotSpot | undefined;
  /** Set for a member of a shared COMMIT: it uses the connection of the previous member, and needs no permit. */
  readonly shared?: SharedCommit | undefined;
}

/** The writers of one label. */
interface LabelState {
  readonly limit: WriterLimit;
  readonly waiting: WaitingQueue<Waiter>;
  active: number;
  /** Until then no COMMIT is shared, in milliseconds of `performance.now()`. */
  sharingSuspendedUntil: number;
  /** When a writer last ended, in milliseconds of `performance.now()`. */
  lastEndedAt: number;
}

interface Waiter {
  readonly since: number;
  readonly options: ThrottleOptions;
  /** @param shared the shared COMMIT that the writer joins. */
  admit(shared?: SharedCommit): void;
}

/**
 * Limits the concurrency of conflicting writers, ahead of admission control. Writers of a label that roll each other back run only a few at a time, first
 * come, first served; other labels are not affected. A waiting writer holds no connection.
 */
export class PostgresThrottle {
  readonly #admission: PostgresAdmission;
  readonly #permits: number;
  readonly #queueLimit: number;
  readonly #counters: Pick<PostgresCounters, 'noteConflict' | 'recordLockWait'>;
  /** The labels that have had a conflict. */
  readonly #labels = new Map<string, LabelState>();
  #onEmpty: (() => void) | undefined;

  constructor(
    admission: PostgresAdmission,
    permits: number,
    queueLimit: number,
    counters: Pick<PostgresCounters, 'noteConflict' | 'recordLockWait'>,
  ) {
    this.#counters = counters;
    this.#admission = admission;
    this.#permits = permits;
    this.#queueLimit = queueLimit;
  }

  /** Waits for the label's limit, and then for admission. @throws as {@link PostgresAdmission.acquire}. */
  async acquire(options: ThrottleOptions = {}): Promise<ThrottleLease> {
    const { label, outcome } = options;
    if (label === undefined || outcome === undefined) return this.#admission.acquire(options);
    const state = this.#labels.get(label);
    const since = performance.now();
    const shared = state === undefined ? undefined : await this.#admit(state, options, since);
    const epoch = state?.limit.epoch ?? 0;
    if (shared !== undefined) return this.#leaseOfMember(shared, label, outcome, since);
    const leave = (): void => {
      if (state !== undefined) this.#leave(state);
    };
    try {
      const lease = await this.#admission.acquire(options);
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        lease.release();
        this.#record(label, outcome, epoch);
        leave();
      };
      const hotSpot = state === undefined ? undefined : hotSpotOf(state, options);
      return { waitedMs: performance.now() - since, release, hotSpot };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Resolves when no writer is active or waits, here or in admission control. */
  async empty(): Promise<void> {
    if (!this.#isEmpty) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    await this.#admission.empty();
  }

  /** Waits for the limit. A replayed writer goes before those that run for the first time. */
  async #admit(
    state: LabelState,
    options: ThrottleOptions,
    since: number,
  ): Promise<SharedCommit | undefined> {
    if (state.waiting.size > 0 || state.active >= state.limit.value) return this.#wait(state, options, since);
    state.active += 1;
    return undefined;
  }

  #wait(state: LabelState, options: ThrottleOptions, since: number): Promise<SharedCommit | undefined> {
    const { attempt = 1, priority, deadline = Number.POSITIVE_INFINITY, signal } = options;
    const { label = '' } = options;
    const timeoutAt = performance.now() + WAIT_TIMEOUT_MS;
    const wait: WaitOptions = {
      priority: attempt > 1 ? 'high' : priority,
      deadline: Math.min(deadline, timeoutAt),
      signal,
    };
    return new Promise((resolve, reject) => {
      const admit = (shared?: SharedCommit): void => {
        if (shared === undefined) state.active += 1;
        this.#counters.recordLockWait(performance.now() - since, label);
        resolve(shared);
      };
      state.waiting.enqueue({ since, options, admit }, wait, (error) => {
        if (error instanceof TimeoutError && timeoutAt < deadline) admit();
        else reject(this.#refused(error, label, since));
        this.#notifyIfEmpty();
      });
    });
  }

  /** The error of a writer whose deadline passed behind others that want the same rows. */
  #refused(error: unknown, label: string, since: number): unknown {
    if (!(error instanceof TimeoutError)) return error;
    this.#counters.recordLockWait(performance.now() - since, label);
    const message = `The writers called "${label}" undo each other, and are let through a few at a time.`;
    error.cause ??= new ConflictError('busy', message);
    this.#counters.noteConflict(error);
    return error;
  }

  /** The lease of a member of a shared COMMIT. Its outcome is recorded; only the first member counts as active. */
  #leaseOfMember(shared: SharedCommit, label: string, outcome: WriterOutcome, since: number): ThrottleLease {
    const epoch = this.#labels.get(label)?.limit.epoch ?? 0;
    const release = (): void => this.#record(label, outcome, epoch);
    return { waitedMs: performance.now() - since, release, shared };
  }

  #leave(state: LabelState): void {
    state.active -= 1;
    state.lastEndedAt = performance.now();
    while (state.active < state.limit.value) {
      const next = state.waiting.dequeue();
      if (next === undefined) break;
      next.item.admit();
    }
    this.#notifyIfEmpty();
  }

  #record(label: string, { isConflict }: WriterOutcome, epoch: number): void {
    const state = this.#labels.get(label);
    if (state !== undefined) state.limit.record(isConflict, epoch);
    else if (isConflict) this.#add(label).limit.record(true, 0);
  }

  #add(label: string): LabelState {
    this.#forgetOld();
    const limit = new WriterLimit(this.#permits);
    const name = `the writers called "${label}"`;
    const waiting = new WaitingQueue<Waiter>({ name, limit: this.#queueLimit });
    const state = { limit, waiting, active: 0, sharingSuspendedUntil: 0, lastEndedAt: performance.now() };
    this.#labels.set(label, state);
    return state;
  }

  get #isEmpty(): boolean {
    for (const { active, waiting } of this.#labels.values()) {
      if (active > 0 || waiting.size > 0) return false;
    }
    return true;
  }

  /** Forgets unused labels, but only after {@link RETENTION_MS}: conflicts that come back soon then meet the limit that was found. */
  #forgetOld(): void {
    const before = performance.now() - RETENTION_MS;
    for (const [label, { active, waiting, lastEndedAt }] of this.#labels) {
      if (active === 0 && waiting.size === 0 && lastEndedAt < before) this.#labels.delete(label);
    }
  }

  #notifyIfEmpty(): void {
    if (this.#onEmpty !== undefined && this.#isEmpty) this.#onEmpty();
  }
}

function hotSpotOf(state: LabelState, { sharing, attempt = 1 }: ThrottleOptions): HotSpot | undefined {
  const isHotSpot = state.limit.value === 1 && performance.now() >= state.sharingSuspendedUntil;
  if (!isHotSpot || sharing === undefined || attempt >= EXCLUSIVE_FROM_ATTEMPT) return undefined;
  return {
    admit: (shared, before) => {
      const next = state.waiting.dequeue(
        ({ since, options }) =>
          since < before && options.sharing === sharing && (options.attempt ?? 1) < EXCLUSIVE_FROM_ATTEMPT,
      );
      next?.item.admit(shared);
      return next !== undefined;
    },
    suspendSharing: () => {
      state.sharingSuspendedUntil = performance.now() + SHARING_SUSPENDED_MS;
    },
  };
}
