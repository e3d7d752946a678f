import type { DatabaseMetrics } from '../driver/database-metrics.js';
import type { ErrorCode } from '../errors/sluice-error.js';
import { SluiceError } from '../errors/sluice-error.js';
import { Summary, type SummarySnapshot } from '../metrics/summary.js';
import type { ReplayReason } from '../transaction/replay.js';

/** Calls of one kind, as the application made them: waits and replays are part of the duration. */
export interface OperationMetrics {
  readonly failures: number;
  readonly durations: SummarySnapshot;
}

/** What `storage.metrics()` answers: a plain snapshot, counted since the storage was opened (contract C14). */
export interface StorageMetrics {
  /** Name of the driver. */
  readonly driver: string;
  /** Single statements outside transactions. */
  readonly statements: OperationMetrics;
  /** `read` and `write` calls. */
  readonly transactions: OperationMetrics;
  /** Attempts that were undone by a conflict or a lost connection and made again, by reason. */
  readonly replays: Readonly<Partial<Record<ReplayReason, number>>>;
  /** Errors that reached callers, by code. */
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>;
  /** What the driver measured. */
  readonly database: DatabaseMetrics;
}

/** Single statements outside transactions; `read` and `write` calls. */
export type OperationKind = 'statements' | 'transactions';

/** Counts what passes through a storage. */
export class StorageCounters {
  readonly #durations = { statements: new Summary(), transactions: new Summary() };
  readonly #failures = { statements: 0, transactions: 0 };
  readonly #replays: Partial<Record<ReplayReason, number>> = {};
  readonly #errors: Partial<Record<ErrorCode, number>> = {};

  /** Records how long a call took, and why it failed if it did. */
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
