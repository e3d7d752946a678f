import type { DatabaseMetrics } from '../driver/database-metrics.js';
import type { ErrorCode } from '../errors/sluice-error.js';
import { SluiceError } from '../errors/sluice-error.js';
import { Summary, type SummarySnapshot } from '../metrics/summary.js';
import type { ReplayReason } from '../transaction/replay.js';

/** Calls of one kind. A call's duration includes its waits and replays. */
export interface OperationMetrics {
  readonly failures: number;
  readonly durations: SummarySnapshot;
}

/** The result of `storage.metrics()`: a snapshot of what was counted since the storage was opened (contract C14). */
export interface StorageMetrics {
  /** The name of the driver. */
  readonly driver: string;
  /** Single statements outside transactions. */
  readonly statements: OperationMetrics;
  /** `read`, `write` and `batch` calls, and `insertMany` calls of several statements. */
  readonly transactions: OperationMetrics;
  /** Replays after a conflict or a lost connection, by reason. */
  readonly replays: Readonly<Partial<Record<ReplayReason, number>>>;
  /** Calls that rejected with a SluiceError, by its code. */
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>;
  /** What the driver measured. */
  readonly database: DatabaseMetrics;
}

/** The kinds of calls that {@link StorageMetrics} distinguishes. */
export type OperationKind = 'statements' | 'transactions';

/** Counts the calls of a storage. */
export class StorageCounters {
  readonly #durations = { statements: new Summary(), transactions: new Summary() };
  readonly #failures = { statements: 0, transactions: 0 };
  readonly #replays: Partial<Record<ReplayReason, number>> = {};
  readonly #errors: Partial<Record<ErrorCode, number>> = {};

  /** Records a call that ended: its duration and, if it failed, its error. */
  record(kind: OperationKind, ms: number, failure?: { readonly error: unknown }): void {
    this.#durations[kind].record(ms);
    if (failure === undefined) return;
    this.#failures[kind] += 1;
    const { error } = failure;
    if (error instanceof SluiceError) this.#errors[error.code] = (this.#errors[error.code] ?? 0) + 1;
  }

  replayed(reason: ReplayReason): void {
    this.#replays[reason] = (this.#replays[reason] ?? 0) + 1;
  }

  snapshot(driver: string, database: DatabaseMetrics): StorageMetrics {
    return {
      driver,
      statements: this.#operation('statements'),
      transactions: this.#operation('transactions'),
      replays: { ...this.#replays },
      errors: { ...this.#errors },
      database,
    };
  }

  #operation(kind: OperationKind): OperationMetrics {
    return { failures: this.#failures[kind], durations: this.#durations[kind].snapshot() };
  }
}
