/** The kind of machine that the file is on. */
export type SqliteProfile = 'pi' | 'server' | 'test';

/** The settings of a profile; an option that is given takes precedence. */
export interface ProfileSettings {
  readonly durability: 'full' | 'off';
  readonly cacheBytes: number;
  readonly mmapBytes: number;
  readonly tempStore: 'file' | 'memory';
  readonly checkpointBytes: number;
  readonly walBudgetBytes: number;
}

const MIB = 2 ** 20;

/**
 * No profile maps the file into memory: a disk error in a mapping kills the process with a signal instead of failing one call
 * (sqlite.org/mmap.html), and SQLite's own cache already holds the pages that are read often.
 *
 * - `server` makes a checkpoint every 4 MiB of WAL, as SQLite does by default (sqlite.org/wal.html#automatic_checkpoint).
 * - `pi` makes one every 16 MiB: a page that changes often is then written to the card once instead of four times, and each checkpoint costs
 *   one flush. Each connection has a cache, so it keeps SQLite's default of 2 MiB. Large sorts use a file, because a small machine lacks the
 *   memory for them.
 * - `test` never flushes to disk.
 */
export const PROFILES: Readonly<Record<SqliteProfile, ProfileSettings>> = {
  server: {
    durability: 'full',
    cacheBytes: 16 * MIB,
    mmapBytes: 0,
    tempStore: 'file',
    checkpointBytes: 4 * MIB,
    walBudgetBytes: 256 * MIB,
  },
  pi: {
    durability: 'full',
    cacheBytes: 2 * MIB,
    mmapBytes: 0,
    tempStore: 'file',
    checkpointBytes: 16 * MIB,
    walBudgetBytes: 64 * MIB,
  },
  test: {
    durability: 'off',
    cacheBytes: 2 * MIB,
    mmapBytes: 0,
    tempStore: 'memory',
    checkpointBytes: 4 * MIB,
    walBudgetBytes: 256 * MIB,
  },
};
