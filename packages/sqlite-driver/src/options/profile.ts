/** What the file is on, or one of. */
export type SqliteProfile = 'pi' | 'server' | 'tenants' | 'test';

/** The settings of a profile; an option that is given takes precedence. */
export interface ProfileSettings {
  readonly durability: 'full' | 'off';
  readonly cacheBytes: number;
  readonly mmapBytes: number;
  readonly tempStore: 'file' | 'memory';
  readonly checkpointBytes: number;
  readonly walBudgetBytes: number;
  /** `undefined`: by the number of CPU cores. */
  readonly readers: number | undefined;
  readonly snapshots: number;
  readonly threadIdleMs: number;
  readonly writerIdleMs: number;
}

const MIB = 2 ** 20;

/** Threads stay for a while, so that what comes now and then need not wait for one to start. The writer's end costs a checkpoint, so it stays longer. */
const THREADS = { readers: undefined, snapshots: 8, threadIdleMs: 10_000, writerIdleMs: 60_000 };

/**
 * No profile maps the file into memory: a disk error in a mapping kills the process with a signal instead of failing one call
 * (sqlite.org/mmap.html), and SQLite's own cache already holds the pages that are read often.
 *
 * - `server` makes a checkpoint every 4 MiB of WAL, as SQLite does by default (sqlite.org/wal.html#automatic_checkpoint).
 * - `pi` makes one every 16 MiB: a page that changes often is then written to the card once instead of four times, and each checkpoint costs
 *   one flush. Each connection has a cache, so it keeps SQLite's default of 2 MiB. Large sorts use a file, because a small machine lacks the
 *   memory for them.
 * - `tenants` is for hundreds of files in one process, most of them idle: small caches, and a few threads that serve one file after the other, so that
 *   an idle file has none. It ends its use of a thread soon, and empties its WAL then.
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
    ...THREADS,
  },
  pi: {
    durability: 'full',
    cacheBytes: 2 * MIB,
    mmapBytes: 0,
    tempStore: 'file',
    checkpointBytes: 16 * MIB,
    walBudgetBytes: 64 * MIB,
    ...THREADS,
  },
  tenants: {
    durability: 'full',
    cacheBytes: MIB / 4,
    mmapBytes: 0,
    tempStore: 'file',
    checkpointBytes: MIB,
    walBudgetBytes: 16 * MIB,
    readers: 1,
    snapshots: 2,
    threadIdleMs: 1000,
    writerIdleMs: 1000,
  },
  test: {
    durability: 'off',
    cacheBytes: 2 * MIB,
    mmapBytes: 0,
    tempStore: 'memory',
    checkpointBytes: 4 * MIB,
    walBudgetBytes: 256 * MIB,
    ...THREADS,
  },
};
