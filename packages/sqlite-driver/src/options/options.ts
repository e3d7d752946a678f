import { availableParallelism } from 'node:os';
import { ConfigurationError } from '@sluice/core';
import { PROFILES, type SqliteProfile } from './profile.js';

/** Options of {@link sqlite}. */
export interface SqliteOptions {
  /**
   * What the options below are where they are not given. `server`; `pi`: fewer and larger checkpoints and small caches, for a SD card
   * and little memory; `test`: nothing is flushed to disk. Default `server`.
   */
  readonly profile?: SqliteProfile;
  /**
   * What an acknowledged write survives. `full`: power loss, one flush of the disk for each group of writes. `normal`: the end of the
   * process, but after power loss the last writes may be missing; the file stays whole. `off`: the end of the process; power loss may damage
   * the file. Default `full`, in the profile `test` `off`.
   */
  readonly durability?: 'full' | 'normal' | 'off';
  /** Threads for single reads, 1 to 64; they start when they are needed. Default: one per CPU core, at least 2, at most 4. */
  readonly readers?: number;
  /**
   * Whether rows are read by their key on the calling thread, in microseconds, rather than by a reader thread, where the way there and back
   * takes ten times as long. Anything that may take longer goes to a thread all the same. Default true.
   */
  readonly inlineReads?: boolean;
  /**
   * How many streams and read transactions may be open at once, 1 to 64. Each holds a reader thread of its own, so that they never
   * keep single reads waiting. Default 8.
   */
  readonly snapshots?: number;
  /** How many calls may wait for the writer, and how many for a reader; one more is refused with an OverloadedError. Default 10,000. */
  readonly queueLimit?: number;
  /**
   * How long a `write` may hold the writer while others wait for it, in milliseconds; then it is undone and ends in a TimeoutError that names
   * it. Migrations are exempt. Default 30,000.
   */
  readonly holdLimitMs?: number;
  /** How long opening waits for another process that holds the file locked, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number;
  /** Memory for pages, per connection, in bytes. Default 16 MiB; `pi` and `test` 2 MiB. */
  readonly cacheBytes?: number;
  /** How much of the file is mapped into memory, in bytes. A disk error there ends the process. Default 0. */
  readonly mmapBytes?: number;
  /** Where large sorts and other temporary data go. Default `file`; `test` `memory`. */
  readonly tempStore?: 'file' | 'memory';
  /** The WAL is copied back into the file, beside the writes, each time it has grown by this many bytes. Default 4 MiB; `pi` 16 MiB. */
  readonly checkpointBytes?: number;
  /**
   * How large the WAL may become, in bytes, at least 4 times `checkpointBytes`. From a quarter of it on the writer pauses for up to
   * 20 ms for readers that keep the WAL from starting over. Default 256 MiB; `pi` 64 MiB.
   */
  readonly walBudgetBytes?: number;
  /**
   * What happens when the WAL exceeds its budget because a reader still needs it. `end_readers`: a warning that names the oldest, which is
   * ended with a SnapshotTooOldError; then the next, until the WAL can start over. `warn`: the warning alone. Backups, and what is younger than
   * a second, are never ended.
   * Default `end_readers`.
   */
  readonly onWalBudget?: 'end_readers' | 'warn';
  /**
   * How often `storage.watch` looks for the commits of other processes, in milliseconds, 1 to 60,000; those of its own are reported at once.
   * Default 100.
   */
  readonly watchIntervalMs?: number;
  /** What to do with a file on a file system shared over a network, where several machines damage it. Default `refuse`. */
  readonly networkFileSystem?: 'allow' | 'refuse';
  /**
   * Whether what `storage.metrics()` tells of the database is also kept in `FILE-metrics.json`, for `sluice doctor`: written every ten seconds
   * and at the end, when it stays. Of several processes, the last one to write is seen. Default false.
   */
  readonly metricsFile?: boolean;
}

/** How values cross between JavaScript and SQLite. `portable` is the contract's (C1); `native` is better-sqlite3's own. */
export type SqliteValues = 'native' | 'portable';

/** The options with their defaults filled in. */
export interface ResolvedOptions extends Required<SqliteOptions> {
  readonly values: SqliteValues;
  /** Errors of the engine are thrown as they are instead of as Sluice errors. */
  readonly keepsEngineErrors: boolean;
}

/** @throws ConfigurationError `invalid_configuration`, naming the option. */
export function resolveOptions(options: SqliteOptions): Required<SqliteOptions> {
  const profile = oneOf(options, 'profile', ['server', 'pi', 'test'], 'server');
  const settings = PROFILES[profile];
  const checkpointBytes = within(options, 'checkpointBytes', settings.checkpointBytes, 65_536, 2 ** 40);
  const ampleBudget = Math.max(settings.walBudgetBytes, 4 * checkpointBytes);
  const { inlineReads = true, metricsFile = false } = options;
  if (typeof inlineReads !== 'boolean') throw invalid('inlineReads', 'true or false');
  if (typeof metricsFile !== 'boolean') throw invalid('metricsFile', 'true or false');
  return {
    inlineReads,
    profile,
    durability: oneOf(options, 'durability', ['full', 'normal', 'off'], settings.durability),
    readers: within(options, 'readers', Math.max(2, Math.min(4, availableParallelism())), 1, 64),
    snapshots: within(options, 'snapshots', 8, 1, 64),
    queueLimit: within(options, 'queueLimit', 10_000, 1, 10_000_000),
    holdLimitMs: within(options, 'holdLimitMs', 30_000, 10, 2 ** 31 - 1),
    openTimeoutMs: within(options, 'openTimeoutMs', 10_000, 0, 2 ** 31 - 1),
    cacheBytes: within(options, 'cacheBytes', settings.cacheBytes, 65_536, 2 ** 40),
    mmapBytes: within(options, 'mmapBytes', settings.mmapBytes, 0, 2 ** 40),
    tempStore: oneOf(options, 'tempStore', ['file', 'memory'], settings.tempStore),
    checkpointBytes,
    walBudgetBytes: within(options, 'walBudgetBytes', ampleBudget, 4 * checkpointBytes, 2 ** 42),
    onWalBudget: oneOf(options, 'onWalBudget', ['end_readers', 'warn'], 'end_readers'),
    watchIntervalMs: within(options, 'watchIntervalMs', 100, 1, 60_000),
    networkFileSystem: oneOf(options, 'networkFileSystem', ['allow', 'refuse'], 'refuse'),
    metricsFile,
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
  | 'walBudgetBytes'
  | 'watchIntervalMs';

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
