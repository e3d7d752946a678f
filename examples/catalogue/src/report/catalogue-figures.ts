import type { StorageMetrics } from '@sluice/core';
import type { ForegroundFigures } from '../foreground/foreground-callers.js';
import type { LoadOutcome } from '../load/load-in-background.js';
import type { LoadTally } from '../load/load-tally.js';

/** The results and measurements of a run, as `--json` prints them. */
export interface CatalogueFigures {
  readonly folder: string;
  readonly driver: string;
  /** The number of rows after the run. */
  readonly totals: CatalogueTotals;
  readonly load: Readonly<LoadTally> & {
    readonly seconds: number;
    readonly rowsPerSecond: number;
    /** Whether the run was stopped before its end. The next run continues. */
    readonly isInterrupted: boolean;
  };
  readonly foreground: ForegroundFigures;
  readonly eventLoop: { readonly longestStallMs: number };
  readonly locks: {
    /** How often writes waited for the writer, and how long. */
    readonly writerWaits: number;
    readonly longestWriterWaitMs: number;
    /** Retries after an engine's lock error, and lock errors that failed in the end. */
    readonly retries: number;
    readonly failures: number;
    /** Transactions and statements that were rolled back after a conflict and run again. */
    readonly replays: number;
  };
  /** The number of errors that reached a caller of the storage, by code. None are expected. */
  readonly errors: Readonly<Record<string, number>>;
}

/** The number of rows of each table. */
export interface CatalogueTotals {
  readonly folders: number;
  readonly files: number;
  readonly contents: number;
}

/** Measurements that do not come from the storage. */
export interface Measured extends Pick<CatalogueFigures, 'folder' | 'foreground' | 'totals'> {
  readonly load: LoadOutcome;
  readonly longestStallMs: number;
}

/** Combines the figures of a run. */
export function figuresOf(
  { folder, load, foreground, totals, longestStallMs }: Measured,
  metrics: StorageMetrics,
): CatalogueFigures {
  const { writer, locks } = metrics.database;
  const { tally, durationMs, isInterrupted } = load;
  const seconds = durationMs / 1000;
  return {
    folder,
    driver: metrics.driver,
    totals,
    load: { ...tally, seconds, rowsPerSecond: tally.rowsWritten / seconds, isInterrupted },
    foreground,
    eventLoop: { longestStallMs },
    locks: {
      writerWaits: writer.waits.count,
      longestWriterWaitMs: writer.waits.maxMs,
      retries: locks.retries,
      failures: locks.failures,
      replays: Object.values(metrics.replays).reduce((sum, count) => sum + count, 0),
    },
    errors: mergeErrors(metrics.errors, foreground.errors, isInterrupted),
  };
}

/** The storage counts the errors that it returned. Callers see these and others. The abort of an interrupted load is not an error. */
function mergeErrors(
  stored: Readonly<Record<string, number>>,
  seen: Readonly<Record<string, number>>,
  isInterrupted: boolean,
): Record<string, number> {
  const codes = [...new Set([...Object.keys(stored), ...Object.keys(seen)])];
  return Object.fromEntries(
    codes
      .filter((code) => !(isInterrupted && code === 'aborted'))
      .map((code) => [code, Math.max(stored[code] ?? 0, seen[code] ?? 0)]),
  );
}
