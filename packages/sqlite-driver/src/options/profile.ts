/** Which kind of machine the file lives on. */
export type SqliteProfile = 'pi' | 'server' | 'test';

/** What a profile decides where no option does. */
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
 * No profile maps the file into memory: a disk error under a mapping ends the process by a signal instead of failing one call
 * (sqlite.org/mmap.html), and SQLite's own cache serves what is read often.
 *
 * - `server` copies the WAL back every 4 MiB, as SQLite does by default (sqlite.org/wal.html#automatic_checkpoint).
 * - `pi` copies back every 16 MiB: a page that changed often meanwhile is written to the card once instead of four times, and each
 *   checkpoint is one flush. Its caches are SQLite's default of 2 MiB, since each connection has one. Large sorts go to a file, because a
 *   small machine has no memory for them.
 * - `test` never waits for the disk.
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
