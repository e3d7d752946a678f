import type { DatabaseMetrics, LockMetrics } from '../driver/database-metrics.js';
import { ConflictError, StaleCatalogError, TimeoutError } from '../errors/flow-errors.js';
import type { ErrorCode } from '../errors/sluice-error.js';
import { SluiceError } from '../errors/sluice-error.js';
import { Rate } from '../metrics/rate.js';
import { Summary, type SummarySnapshot } from '../metrics/summary.js';
import type { ReplayReason } from '../transaction/replay.js';

/** Calls of one kind. A call's duration includes its waits and replays. */
export interface OperationMetrics {
  readonly failures: number;
  readonly durations: SummarySnapshot;
  /** Calls per second that ended within the last minute. */
  readonly perSecond: number;
}

/** The result of `storage.metrics()`: a snapshot of what was counted since the storage was opened (contract C14). */
export interface StorageMetrics {
  /** The name of the driver. */
  readonly driver: string;
  /** Single statements outside transactions. */
  readonly statements: OperationMetrics;
  /** `read`, `write` and `batch` calls, and `insertMany` calls of several statements. */
  readonly transactions: OperationMetrics;
  /**
   * The same calls by their `label`; without one it is the name of the method: `write`, `orders.find`, `kysely`. After 100 labels of statements, and
   * as many of transactions, all new ones are counted together as `(other)`.
   */
  readonly labels: Readonly<Record<string, OperationMetrics>>;
  /** Replays after a conflict or a lost connection, by reason. */
  readonly replays: Readonly<Partial<Record<ReplayReason, number>>>;
  /** Calls that rejected with a SluiceError, by its code. */
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>;
  /** What the driver measured. */
  readonly database: DatabaseMetrics;
}

/** The kinds of calls that {@link StorageMetrics} distinguishes. */
export type OperationKind = 'statements' | 'transactions';

/** A call that ended. */
export interface EndedCall {
  readonly kind: OperationKind;
  readonly label: string | undefined;
  /** When it began and ended, by `performance.now()`. */
  readonly since: number;
  readonly until: number;
}

/** More labels than a program has: they are made at run time, from a key or a text. */
const MAX_LABELS = 100;
const OTHER = '(other)';

/** Counts the calls of one kind with one label. */
class LabelCounters {
  readonly durations = new Summary();
  readonly rate: Rate;
  failures = 0;

  constructor(openedAt: number) {
    this.rate = new Rate(openedAt);
  }
}

/** Counts the calls of a storage. */
export class StorageCounters {
  readonly #openedAt = performance.now();
  readonly #labels = {
    statements: new Map<string, LabelCounters>(),
    transactions: new Map<string, LabelCounters>(),
  };
  readonly #replays: Partial<Record<ReplayReason, number>> = {};
  #locksGivenUp = 0;
  #lastGivenUpAt = 0;
  readonly #errors: Partial<Record<ErrorCode, number>> = {};

  /** Records a call that ended and, if it failed, its error. */
  record({ kind, label, since, until }: EndedCall, failure?: { readonly error: unknown }): void {
    const counters = this.#of(kind, label ?? OTHER);
    counters.durations.record(until - since);
    counters.rate.record(until);
    if (failure === undefined) return;
    counters.failures += 1;
    const { error } = failure;
    if (isLockGivenUp(error)) {
      this.#locksGivenUp += 1;
      this.#lastGivenUpAt = Date.now();
    }
    if (error instanceof SluiceError) this.#errors[error.code] = (this.#errors[error.code] ?? 0) + 1;
  }

  replayed(reason: ReplayReason): void {
    this.#replays[reason] = (this.#replays[reason] ?? 0) + 1;
  }

  snapshot(driver: string, database: DatabaseMetrics): StorageMetrics {
    const { statements, transactions } = this.#labels;
    const labels = new Set([...statements.keys(), ...transactions.keys()]);
    const ofLabel = (label: string): OperationMetrics =>
      sum([statements.get(label), transactions.get(label)].filter((counters) => counters !== undefined));
    return {
      driver,
      statements: sum([...statements.values()]),
      transactions: sum([...transactions.values()]),
      labels: Object.fromEntries([...labels].map((label) => [label, ofLabel(label)])),
      replays: { ...this.#replays },
      errors: { ...this.#errors },
      database: { ...database, locks: this.#withGivenUp(database.locks) },
    };
  }

  /** Adds the calls that were given up after conflicts. The driver counted each conflict as an attempt that was made again. */
  #withGivenUp(locks: LockMetrics): LockMetrics {
    if (this.#locksGivenUp === 0) return locks;
    const failures = locks.failures + this.#locksGivenUp;
    const failureRate = failures / Math.max(locks.attempts, failures);
    const isLast = this.#lastGivenUpAt >= (locks.lastEvent?.at ?? 0);
    const lastEvent = isLast ? ({ at: this.#lastGivenUpAt, kind: 'failure' } as const) : locks.lastEvent;
    return { ...locks, failures, failureRate, ...(lastEvent === undefined ? {} : { lastEvent }) };
  }

  #of(kind: OperationKind, label: string): LabelCounters {
    const known = this.#labels[kind].get(label);
    if (known !== undefined) return known;
    if (this.#labels[kind].size >= MAX_LABELS && label !== OTHER) return this.#of(kind, OTHER);
    const counters = new LabelCounters(this.#openedAt);
    this.#labels[kind].set(label, counters);
    return counters;
  }
}

/** Whether a call failed because of other transactions: with a conflict, or when its deadline passed after one. */
function isLockGivenUp(error: unknown): boolean {
  const reason = error instanceof TimeoutError ? error.cause : error;
  return reason instanceof ConflictError && !(reason instanceof StaleCatalogError);
}

function sum(counters: readonly LabelCounters[]): OperationMetrics {
  const now = performance.now();
  return {
    failures: counters.reduce((total, { failures }) => total + failures, 0),
    durations: Summary.merged(counters.map(({ durations }) => durations)),
    perSecond: counters.reduce((total, { rate }) => total + rate.perSecond(now), 0),
  };
}
