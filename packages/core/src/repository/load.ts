import { AbortedError } from '../errors/flow-errors.js';
import { assertBatchSize } from '../errors/invalid-query.js';
import type { LoadProgress } from './repository.js';

/** The options of {@link loadInBatches}. */
export interface BatchOptions {
  readonly batchSize: number | undefined;
  readonly onProgress: ((progress: LoadProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Inserts `rows` in batches, one after the other, with one batch in memory. @throws AbortedError between two batches; what `insert` throws. */
export async function loadInBatches<Row>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  insert: (batch: readonly Row[]) => Promise<number>,
  { batchSize = 500, onProgress, signal }: BatchOptions,
): Promise<LoadProgress> {
  assertBatchSize('batchSize', batchSize);
  const since = performance.now();
  let progress: LoadProgress = { rows: 0, batches: 0, elapsedMs: 0 };
  for await (const batch of batchesOf(rows, batchSize)) {
    if (signal?.aborted) throw abortedAfter(progress, signal);
    const inserted = await insert(batch);
    progress = {
      rows: progress.rows + inserted,
      batches: progress.batches + 1,
      elapsedMs: performance.now() - since,
    };
    onProgress?.(progress);
  }
  return progress;
}

async function* batchesOf<Row>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  size: number,
): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function abortedAfter(progress: LoadProgress, signal: AbortSignal): AbortedError {
  const message = `The signal was aborted after ${progress.rows} rows in ${progress.batches} batches; those are committed.`;
  return new AbortedError(message, { cause: signal.reason });
}
