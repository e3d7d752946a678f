import type { StorageMetrics } from '@sluice/core';
import type { ForegroundFigures } from '../foreground/foreground-callers.js';
import type { LoadOutcome } from '../load/load-in-background.js';
import type { LoadTally } from '../load/load-tally.js';

/** What a run found, did and measured: what `--json` prints. */
export interface CatalogueFigures {
  readonly folder: string;
  readonly driver: string;
  /** Rows of the catalogue after the run. */
  readonly totals: CatalogueTotals;
  readonly load: Readonly<LoadTally> & {
    readonly seconds: number;
    readonly rowsPerSecond: number;
    /** Whether it was stopped before its end; the next run goes on. */
    readonly isInterrupted: boolean;
  };
  readonly foreground: ForegroundFigures;
  readonly eventLoop: { readonly longestStallMs: number };
  readonly locks: {
    /** How often a write waited for its turn, and for how long. */
    readonly writerWaits: number;
    readonly longestWriterWaitMs: number;
    /** Attempts at the engine's own lock that were made again, and that failed in the end. */
    readonly retries: number;
    readonly failures: number;
    /** Transactions and statements that were undone by a conflict and run again. */
    readonly replays: number;
  };
  /** Errors that reached a caller of the storage, by code. None are expected. */
  readonly errors: Readonly<Record<string, number>>;
}

/** How many rows each table has. */
export interface CatalogueTotals {
  readonly folders: number;
  readonly files: number;
  readonly contents: number;
}

/** What was measured apart from the storage. */
export interface Measured extends Pick<CatalogueFigures, 'folder' | 'foreground' | 'totals'> {
  readonly load: LoadOutcome;
  readonly longestStallMs: number;
}

/** Puts the figures of a run together. */
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

/** The storage counts the errors it gave out; a caller sees those too, and others. Being aborted is what an interrupted load is meant to be. */
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
