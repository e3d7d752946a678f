/** Measurements of a database and its application; `undefined` is unknown. */
export interface Symptoms {
  readonly fileBytes: number;
  readonly walBytes: number;
  /** Size of the free pages. */
  readonly freeBytes: number;
  readonly journalMode: string;
  /** Number of machines that run the application. */
  readonly machines: number;
  /** From the application's `storage.metrics()`. */
  readonly metrics: WriterMetrics | undefined;
}

/** The metrics of `storage.metrics()` that {@link examine} uses. */
export interface WriterMetrics {
  readonly lockAttempts: number;
  readonly lockFailures: number;
  readonly lockRetries: number;
  /** Calls that hold the writer or wait for it, at the time of the metrics. */
  readonly writers: number;
  readonly averageWaitMs: number;
  /** Commits per second between two metrics; `undefined` with one only. */
  readonly commitsPerSecond: number | undefined;
  /** How many processes have the database open now; `undefined` when only one was asked. */
  readonly processes?: number | undefined;
  /** When the driver wrote the metrics to its file; `undefined` when they come from a running application. */
  readonly writtenAt?: string | undefined;
}

/** `stay`: SQLite is enough. `tune`: SQLite is enough after a change. `move`: SQLite is not enough. */
export type Verdict = 'move' | 'stay' | 'tune';

export interface Diagnosis {
  readonly verdict: Verdict;
  readonly reasons: readonly { readonly verdict: Exclude<Verdict, 'stay'>; readonly message: string }[];
}

/** Above these limits, SQLite is not enough. */
export const LIMITS: Readonly<Record<'fileBytes' | 'lockFailureRate' | 'machines' | 'writers', number>> = {
  fileBytes: 500_000_000,
  lockFailureRate: 0.05,
  machines: 1,
  writers: 10,
};

/** With fewer lock attempts the failure rate means nothing. */
const MIN_ATTEMPTS = 100;
const LARGE_WAL_BYTES = 64 * 1024 * 1024;
const LONG_WAIT_MS = 100;

/** Recommends to stay with SQLite, to tune it, or to move to PostgreSQL. */
export function examine(symptoms: Symptoms): Diagnosis {
  const reasons = [...moveReasons(symptoms), ...tuneReasons(symptoms)];
  return { verdict: reasons[0]?.verdict ?? 'stay', reasons };
}

function moveReasons({ fileBytes, machines, metrics }: Symptoms): Diagnosis['reasons'] {
  const reasons: string[] = [];
  if (machines > LIMITS.machines) {
    reasons.push(
      `${machines} machines: a file belongs to one. Locks of network filesystems cannot be trusted.`,
    );
  }
  if (fileBytes > LIMITS.fileBytes) {
    reasons.push(`The file has ${megabytes(fileBytes)}, above ${megabytes(LIMITS.fileBytes)}.`);
  }
  if (metrics !== undefined && metrics.lockAttempts >= MIN_ATTEMPTS) {
    const rate = metrics.lockFailures / metrics.lockAttempts;
    if (rate > LIMITS.lockFailureRate)
      reasons.push(
        `${percent(rate)} of the writes failed for the lock, above ${percent(LIMITS.lockFailureRate)}.`,
      );
  }
  if (metrics !== undefined && metrics.writers > LIMITS.writers) {
    reasons.push(`${metrics.writers} writers at once, above ${LIMITS.writers}.`);
  }
  return reasons.map((message) => ({ verdict: 'move', message }));
}

function tuneReasons({
  fileBytes,
  walBytes,
  freeBytes,
  journalMode,
  metrics,
}: Symptoms): Diagnosis['reasons'] {
  const reasons: string[] = [];
  if (journalMode !== 'wal') {
    reasons.push(
      `The journal mode is ${journalMode}: readers and writers wait for each other. Set journal_mode = wal; Sluice's driver does.`,
    );
  }
  if (walBytes > LARGE_WAL_BYTES) {
    reasons.push(
      `The WAL has ${megabytes(walBytes)}: a reader keeps it from being written back. Look for a transaction that is left open.`,
    );
  }
  if (freeBytes > fileBytes / 4 && freeBytes > 10_000_000) {
    reasons.push(`${megabytes(freeBytes)} of the file are free pages: VACUUM gives them back.`);
  }
  if (metrics !== undefined && metrics.averageWaitMs > LONG_WAIT_MS) {
    reasons.push(
      `Writes wait ${Math.round(metrics.averageWaitMs)} ms on average: cut long transactions, load in batches (repository.load), or give bulk work a low priority.`,
    );
  }
  if (
    metrics !== undefined &&
    metrics.lockAttempts >= MIN_ATTEMPTS &&
    metrics.lockRetries > metrics.lockAttempts / 2
  ) {
    reasons.push(
      'Most writes had to wait for the lock of another process: let one process write, or commit more in one transaction.',
    );
  }
  return reasons.map((message) => ({ verdict: 'tune', message }));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}
