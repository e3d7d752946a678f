import { availableParallelism } from 'node:os';
import { ConfigurationError } from '@sluice/core';

/** Options of {@link sqlite}. */
export interface SqliteOptions {
  /**
   * What an acknowledged write survives. `full`: power loss, one flush of the disk for each group of writes. `normal`: the end of the
   * process, but after power loss the last writes may be missing; the file stays whole. Default `full`.
   */
  readonly durability?: 'full' | 'normal';
  /** Threads for single reads, 1 to 64; they start when they are needed. Default: one per CPU core, at least 2, at most 4. */
  readonly readers?: number;
  /**
   * Whether rows are read by their key on the calling thread, in microseconds, rather than by a reader thread, where the way there and back
   * takes ten times as long. Anything that may take longer goes to a thread all the same. Default true.
   */
  readonly inlineReads?: boolean;
  /**
   * How many streams, read transactions and backups may be open at once, 1 to 64. Each holds a reader thread of its own, so that
   * they never keep single reads waiting. Default 8.
   */
  readonly snapshots?: number;
  /** How many calls may wait for the writer, and how many for a reader; one more is refused with an OverloadedError. Default 10,000. */
  readonly queueLimit?: number;
  /** How long opening waits for another process that holds the file locked, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number;
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
  const { durability = 'full' } = options;
  if (durability !== 'full' && durability !== 'normal') throw invalid('durability', "'full' or 'normal'");
  const { inlineReads = true } = options;
  if (typeof inlineReads !== 'boolean') throw invalid('inlineReads', 'true or false');
  return {
    durability,
    inlineReads,
    readers: within(options, 'readers', Math.max(2, Math.min(4, availableParallelism())), 1, 64),
    snapshots: within(options, 'snapshots', 8, 1, 64),
    queueLimit: within(options, 'queueLimit', 10_000, 1, 10_000_000),
    openTimeoutMs: within(options, 'openTimeoutMs', 10_000, 0, 2 ** 31 - 1),
  };
}

type NumericOption = 'openTimeoutMs' | 'queueLimit' | 'readers' | 'snapshots';

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

function invalid(option: string, expected: string): ConfigurationError {
  return new ConfigurationError(
    'invalid_configuration',
    `The SQLite option "${option}" must be ${expected}.`,
  );
}
