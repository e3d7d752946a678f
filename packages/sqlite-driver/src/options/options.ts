import { availableParallelism } from 'node:os';
import { assertKnownOptions, ConfigurationError, type OptionNames } from '@sluice/core';
import { PROFILES, type SqliteProfile } from './profile.js';

/** Options of {@link sqlite}. */
export interface SqliteOptions {
  /**
   * Sets the defaults of the options below. `server`: for a server. `pi`: fewer and larger checkpoints and small caches, for an SD card
   * and little memory. `tenants`: for hundreds of files open at once, most of them idle: small caches, and the files share a few threads. `test`:
   * nothing is flushed to disk. Default `server`.
   */
  readonly profile?: SqliteProfile;
  /**
   * What an acknowledged write survives. `full`: power loss; each group of writes costs one flush of the disk. `normal`: a crash of the
   * process; after power loss the last writes may be missing, but the file is intact. `off`: a crash of the process; power loss may
   * damage the file. Default `full`; `off` in the profile `test`.
   */
  readonly durability?: 'full' | 'normal' | 'off';
  /** How many threads serve single reads at once, 1 to 64. Default: one per CPU core, at least 2, at most 4; `tenants` 1. */
  readonly readers?: number;
  /**
   * Whether a read of rows by their key runs on the calling thread, which takes microseconds. A round trip to a reader thread takes ten times
   * as long. A statement that may take longer always runs on a reader thread. Default true.
   */
  readonly inlineReads?: boolean;
  /**
   * How many streams and read transactions may be open at once, 1 to 1,000; more wait. Each holds a reader thread of its own, of 15 MB or more, so
   * single reads never wait for one. Default 8; `tenants` 2.
   */
  readonly snapshots?: number;
  /**
   * Whether the writer's thread and all threads of `readers` start when the database is opened, and stay. Without it a thread starts when it is first
   * needed, which takes some 50 ms, and ends when it was idle. Default false.
   */
  readonly warm?: boolean;
  /**
   * How long a reader thread, or that of the checkpoints, may be idle before it closes the file, in milliseconds. A few threads whose file was closed are
   * kept as long again for the next file that this process opens. Default 10,000; `tenants` 1,000.
   */
  readonly threadIdleMs?: number;
  /**
   * How long the writer's thread may be idle before it closes the file, in milliseconds. Before that it copies the WAL into the file; it stays while a reader
   * keeps it from doing so. Default 60,000; `tenants` 1,000.
   */
  readonly writerIdleMs?: number;
  /** How many calls may wait for the writer, and how many for a reader. One more call fails with an OverloadedError. Default 10,000. */
  readonly queueLimit?: number;
  /**
   * How long a `write` may hold the writer while other calls wait, in milliseconds. After that it is rolled back and fails with a TimeoutError
   * that names it. Migrations are exempt. Default 30,000.
   */
  readonly holdLimitMs?: number;
  /**
   * Which statements run in a child process, which is killed at their deadline if they have not ended: in a thread SQLite cannot be interrupted. `suspect`:
   * statements whose like was cut off before, and single writes with a query in them until one like it has ended quickly; with a common table
   * expression always. `transactions`: all write transactions as well; then each of their statements takes a message to another process, and they
   * do not share a COMMIT. `never`: no process is started. Default `suspect`.
   */
  readonly childProcesses?: 'never' | 'suspect' | 'transactions';
  /** How long opening waits for another process that has locked the file, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number;
  /** Size of the page cache of each connection, in bytes. Default 16 MiB; `pi` and `test` 2 MiB; `tenants` 256 KiB. */
  readonly cacheBytes?: number;
  /** How much of the file is mapped into memory, in bytes. A disk error in the mapped part kills the process. Default 0. */
  readonly mmapBytes?: number;
  /** Where large sorts and other temporary data are kept. Default `file`; `test` `memory`. */
  readonly tempStore?: 'file' | 'memory';
  /**
   * A checkpoint copies the WAL into the file each time the WAL has grown by this many bytes; writes continue meanwhile. Default 4 MiB;
   * `pi` 16 MiB, `tenants` 1 MiB.
   */
  readonly checkpointBytes?: number;
  /**
   * How large the WAL may become, in bytes; at least 4 times `checkpointBytes`. Once the WAL has a quarter of that size, the writer pauses for
   * up to 20 ms so that readers end and the WAL can restart from its beginning. Default 256 MiB; `pi` 64 MiB, `tenants` 16 MiB.
   */
  readonly walBudgetBytes?: number;
  /**
   * What happens when the WAL exceeds its budget because a reader still needs it. `end_readers`: a warning names the oldest reader, and that
   * reader fails with a SnapshotTooOldError; then the next one, until the WAL can restart. `warn`: only the warning. Backups, and readers
   * younger than a second, are never ended.
   * Default `end_readers`.
   */
  readonly onWalBudget?: 'end_readers' | 'warn';
  /**
   * How often `storage.watch` polls for commits of other processes, in milliseconds, 1 to 60,000. Commits of this process are reported at once.
   * Default 100.
   */
  readonly watchIntervalMs?: number;
  /** Whether a file on a network file system may be opened. Several machines that use it at once would damage it. Default `refuse`. */
  readonly networkFileSystem?: 'allow' | 'refuse';
  /**
   * Whether the database part of `storage.metrics()` is also written to `FILE-metrics-PID-ID.json`, for `sluice doctor`, which adds up those of all
   * processes: every ten seconds and when the storage closes. The file stays for a day after that; at most 20 such files stay. Default false.
   */
  readonly metricsFile?: boolean;
}

/** How values are converted between JavaScript and SQLite. `portable`: as the contract says (C1). `native`: as better-sqlite3 does. */
export type SqliteValues = 'native' | 'portable';

/** The options with their defaults filled in. */
export interface ResolvedOptions extends Required<SqliteOptions> {
  readonly values: SqliteValues;
  /** Whether errors of the engine are thrown unchanged instead of as Sluice errors. */
  readonly keepsEngineErrors: boolean;
}

const NAMES: OptionNames<Required<SqliteOptions>> = {
  profile: true,
  durability: true,
  readers: true,
  inlineReads: true,
  snapshots: true,
  warm: true,
  threadIdleMs: true,
  writerIdleMs: true,
  queueLimit: true,
  holdLimitMs: true,
  childProcesses: true,
  openTimeoutMs: true,
  cacheBytes: true,
  mmapBytes: true,
  tempStore: true,
  checkpointBytes: true,
  walBudgetBytes: true,
  onWalBudget: true,
  watchIntervalMs: true,
  networkFileSystem: true,
  metricsFile: true,
};

/**
 * Checks the options and fills in the defaults.
 *
 * @param taker what takes the options, for the message about an unknown one.
 * @throws ConfigurationError `invalid_configuration`, naming the option.
 */
export function resolveOptions(options: SqliteOptions, taker = 'sqlite'): Required<SqliteOptions> {
  assertKnownOptions<SqliteOptions>(taker, options, NAMES);
  const profile = oneOf(options, 'profile', ['server', 'pi', 'tenants', 'test'], 'server');
  const settings = PROFILES[profile];
  const checkpointBytes = within(options, 'checkpointBytes', settings.checkpointBytes, 65_536, 2 ** 40);
  const cores = Math.max(2, Math.min(4, availableParallelism()));
  const ampleBudget = Math.max(settings.walBudgetBytes, 4 * checkpointBytes);
  return {
    inlineReads: isOn(options, 'inlineReads', true),
    profile,
    durability: oneOf(options, 'durability', ['full', 'normal', 'off'], settings.durability),
    readers: within(options, 'readers', settings.readers ?? cores, 1, 64),
    snapshots: within(options, 'snapshots', settings.snapshots, 1, 1000),
    warm: isOn(options, 'warm', false),
    threadIdleMs: within(options, 'threadIdleMs', settings.threadIdleMs, 1, 2 ** 31 - 1),
    writerIdleMs: within(options, 'writerIdleMs', settings.writerIdleMs, 1, 2 ** 31 - 1),
    queueLimit: within(options, 'queueLimit', 10_000, 1, 10_000_000),
    holdLimitMs: within(options, 'holdLimitMs', 30_000, 10, 2 ** 31 - 1),
    childProcesses: oneOf(options, 'childProcesses', ['never', 'suspect', 'transactions'], 'suspect'),
    openTimeoutMs: within(options, 'openTimeoutMs', 10_000, 0, 2 ** 31 - 1),
    cacheBytes: within(options, 'cacheBytes', settings.cacheBytes, 65_536, 2 ** 40),
    mmapBytes: within(options, 'mmapBytes', settings.mmapBytes, 0, 2 ** 40),
    tempStore: oneOf(options, 'tempStore', ['file', 'memory'], settings.tempStore),
    checkpointBytes,
    walBudgetBytes: within(options, 'walBudgetBytes', ampleBudget, 4 * checkpointBytes, 2 ** 42),
    onWalBudget: oneOf(options, 'onWalBudget', ['end_readers', 'warn'], 'end_readers'),
    watchIntervalMs: within(options, 'watchIntervalMs', 100, 1, 60_000),
    networkFileSystem: oneOf(options, 'networkFileSystem', ['allow', 'refuse'], 'refuse'),
    metricsFile: isOn(options, 'metricsFile', false),
  };
}

type NumericOption =
  | 'cacheBytes'
  | 'checkpointBytes'
  | 'holdLimitMs'
  | 'mmapBytes'
  | 'openTimeoutMs'
  | 'queueLimit'
  | 'readers'
  | 'snapshots'
  | 'threadIdleMs'
  | 'walBudgetBytes'
  | 'watchIntervalMs'
  | 'writerIdleMs';

function within(
  options: SqliteOptions,
  name: NumericOption,
  byDefault: number,
  min: number,
  max: number,
): number {
  const value = options[name] ?? byDefault;
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(name, `a whole number from ${min} to ${max}`);
  return value;
}

function isOn(
  options: SqliteOptions,
  name: 'inlineReads' | 'metricsFile' | 'warm',
  byDefault: boolean,
): boolean {
  const value = options[name] ?? byDefault;
  if (typeof value !== 'boolean') throw invalid(name, 'true or false');
  return value;
}

function oneOf<N extends keyof SqliteOptions, V extends SqliteOptions[N] & string>(
  options: SqliteOptions,
  name: N,
  allowed: readonly V[],
  byDefault: V,
): V {
  const value = options[name] ?? byDefault;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalid(name, allowed.map((candidate) => `'${candidate}'`).join(' or '));
  return found;
}

function invalid(option: string, expected: string): ConfigurationError {
  return new ConfigurationError(
    'invalid_configuration',
    `The SQLite option "${option}" must be ${expected}.`,
  );
}
