import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StorageMetrics } from '@sluice/core';
import type { WriterMetrics } from '@sluice/transfer';
import { CommandError } from '../command/command-error.js';

/** Time between the two snapshots from which rates are computed. */
const SAMPLE_MS = 2_000;

/** Reads `storage.metrics()` as JSON: twice from an endpoint of the running application, or once from a file. */
export async function readMetrics(place: string): Promise<WriterMetrics> {
  const first = await snapshot(place);
  if (!isUrl(place)) return toWriterMetrics(first, undefined);
  const from = performance.now();
  await sleep(SAMPLE_MS);
  const second = await snapshot(place);
  const seconds = (performance.now() - from) / 1000;
  return toWriterMetrics(second, (second.database.commits - first.database.commits) / seconds);
}

function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** `storage.metrics()`, or the part of it that the SQLite driver writes to a file. */
type Snapshot = Pick<StorageMetrics, 'database'> & { readonly writtenAt?: string };

async function snapshot(place: string): Promise<Snapshot> {
  const text = isUrl(place) ? await fetchText(place) : await readFile(place, 'utf8');
  try {
    const metrics = JSON.parse(text, (_key, value) => value) as Partial<Snapshot>;
    if (metrics.database?.locks !== undefined) return metrics as Snapshot;
  } catch {
    // Invalid JSON gets the same advice.
  }
  throw new CommandError(`${place} does not answer what storage.metrics() gives, as JSON.`);
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch((cause: Error) => {
    throw new CommandError(`${url} does not answer: ${cause.message}`);
  });
  if (!response.ok) throw new CommandError(`${url} answers with status ${response.status}.`);
  return response.text();
}

function toWriterMetrics(
  { database, writtenAt }: Snapshot,
  commitsPerSecond: number | undefined,
): WriterMetrics {
  const { locks, writer } = database;
  const queued = Object.values(writer.queued).reduce((sum, count) => sum + count, 0);
  return {
    lockAttempts: locks.attempts,
    lockFailures: locks.failures,
    lockRetries: locks.retries,
    writers: writer.held + queued,
    averageWaitMs: writer.waits.avgMs,
    commitsPerSecond,
    writtenAt,
  };
}
