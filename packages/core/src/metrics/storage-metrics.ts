import type { ErrorCode } from '../errors/sluice-error.js';
import { SluiceError } from '../errors/sluice-error.js';
import type { ReplayReason } from '../transaction/replay.js';
import type { DatabaseMetrics } from './database-metrics.js';
import { Summary, type SummarySnapshot } from './summary.js';

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

/** Counts what passes through a storage. */
export class StorageCounters {
  readonly #durations = { statements: new Summary(), transactions: new Summary() };
  readonly #failures = { statements: 0, transactions: 0 };
  readonly #replays: Partial<Record<ReplayReason, number>> = {};
  readonly #errors: Partial<Record<ErrorCode, number>> = {};

  /** Runs `work` and records how long it took and how it ended. */
  async measure<T>(kind: 'statements' | 'transactions', work: () => Promise<T>): Promise<T> {
    const since = performance.now();
    try {
      return await work();
    } catch (error) {
      this.#failures[kind] += 1;
      if (error instanceof SluiceError) this.#errors[error.code] = (this.#errors[error.code] ?? 0) + 1;
      throw error;
    } finally {
      this.#durations[kind].record(performance.now() - since);
    }
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

  #operation(kind: 'statements' | 'transactions'): OperationMetrics {
    return { failures: this.#failures[kind], durations: this.#durations[kind].snapshot() };
  }
}
