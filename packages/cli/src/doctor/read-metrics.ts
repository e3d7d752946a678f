import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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

/** Without a sign of life for as long, a process has ended: the driver writes its file every ten seconds. */
const LOST_MS = 30_000;

/**
 * Adds up what the SQLite driver keeps with its option `metricsFile`, one file for each process that opened the database within a day; `undefined` when
 * there is none. The writers are those of the processes that have it open.
 */
export async function readKeptMetrics(database: string): Promise<WriterMetrics | undefined> {
  const folder = dirname(database);
  const prefix = `${basename(database)}-metrics-`;
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith('.json'));
  const kept = await Promise.all(names.map((name) => snapshot(join(folder, name))));
  if (kept.length === 0) return undefined;
  const all = kept.map((each) => toWriterMetrics(each, undefined));
  const sum = (figure: (metrics: WriterMetrics) => number): number =>
    all.reduce((total, metrics) => total + figure(metrics), 0);
  const waits = kept.map(({ database: { writer } }) => writer.waits);
  const waited = waits.reduce((total, { count }) => total + count, 0);
  const waitedMs = waits.reduce((total, { totalMs }) => total + totalMs, 0);
  return {
    lockAttempts: sum(({ lockAttempts }) => lockAttempts),
    lockFailures: sum(({ lockFailures }) => lockFailures),
    lockRetries: sum(({ lockRetries }) => lockRetries),
    writers: sum((metrics) => (isOpen(kept[all.indexOf(metrics)]) ? metrics.writers : 0)),
    averageWaitMs: waited === 0 ? 0 : waitedMs / waited,
    commitsPerSecond: undefined,
    processes: kept.filter(isOpen).length,
    writtenAt: kept
      .map(({ writtenAt = '' }) => writtenAt)
      .sort()
      .at(-1),
  };
}

function isOpen(kept: Snapshot | undefined): boolean {
  const { writtenAt, closedAt } = kept ?? {};
  return writtenAt !== undefined && closedAt === undefined && Date.now() - Date.parse(writtenAt) < LOST_MS;
}

function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/** `storage.metrics()`, or the part of it that the SQLite driver writes to a file. */
type Snapshot = Pick<StorageMetrics, 'database'> & {
  readonly writtenAt?: string;
  readonly closedAt?: string;
};

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
