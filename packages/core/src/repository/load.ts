import { AbortedError } from '../errors/flow-errors.js';
import { assertBatchSize } from '../errors/invalid-query.js';
import { fixedRow } from '../values/fixed-value.js';
import type { LoadProgress } from './repository.js';

/** The options of {@link loadInBatches}. */
export interface BatchOptions {
  readonly batchSize: number | undefined;
  readonly onProgress: ((progress: LoadProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Inserts `rows` in batches, one after the other, with one batch in memory.
 *
 * @throws AbortedError between two batches, or while the next row is awaited; what `insert` or `rows` throws.
 */
export async function loadInBatches<Row>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  insert: (batch: readonly Row[]) => Promise<number>,
  { batchSize = 500, onProgress, signal }: BatchOptions,
): Promise<LoadProgress> {
  assertBatchSize('batchSize', batchSize);
  const since = performance.now();
  let progress: LoadProgress = { rows: 0, batches: 0, elapsedMs: 0 };
  const source =
    isAsync(rows) && signal !== undefined
      ? endingWith(rows, signal, () => abortedAfter(progress, signal))
      : rows;
  for await (const batch of batchesOf(source, batchSize)) {
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
    // The source may yield one object again and again.
    batch.push(fixedRow(row));
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function isAsync<Row>(rows: Iterable<Row> | AsyncIterable<Row>): rows is AsyncIterable<Row> {
  return Symbol.asyncIterator in rows;
}

/** Yields what `rows` yields. Throws `aborted()` when `signal` is aborted while the next row is awaited, and then does not wait for the end of `rows`. */
async function* endingWith<Row>(
  rows: AsyncIterable<Row>,
  signal: AbortSignal,
  aborted: () => AbortedError,
): AsyncGenerator<Row> {
  const iterator = rows[Symbol.asyncIterator]();
  let state: 'awaited' | 'ended' | 'paused' = 'awaited';
  try {
    for (;;) {
      state = 'awaited';
      const { done, value } = await unlessAborted(() => iterator.next(), signal, aborted);
      state = done ? 'ended' : 'paused';
      if (done) return;
      yield value;
    }
  } finally {
    if (state === 'paused') await iterator.return?.();
    else if (state === 'awaited') iterator.return?.().catch(ignore);
  }
}

/** Settles as `work` does, or rejects with `aborted()`. It leaves no listener at the signal. */
function unlessAborted<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  aborted: () => AbortedError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted());
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function ignore(): void {}

function abortedAfter(progress: LoadProgress, signal: AbortSignal): AbortedError {
  const message = `The signal was aborted after ${progress.rows} rows in ${progress.batches} batches; those are committed.`;
  return new AbortedError(message, { cause: signal.reason });
}
