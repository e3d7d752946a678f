import { chmod, copyFile, rename, rm, truncate } from 'node:fs/promises';

/** What a fault needs of the test. */
export interface FileFaultContext {
  /** The database. The process of the test must not have it open: a closed descriptor of the file would take away its locks. */
  readonly path: string;
  /** Another program that opens the database, reads it and closes it. */
  readonly useOtherTool: () => Promise<void>;
  /** Every process that has the database open reads its bytes with `fs.readFile`, which costs it all its POSIX locks (sqlite.org/howtocorrupt.html, 2.2). */
  readonly readInProcesses: () => Promise<void>;
}

/** One way in which the files of an SQLite database change under the processes that have it open. */
export interface FileFault {
  readonly name: string;
  /** Whether the processes must notice and stop, go on as if nothing had happened, or may do either. */
  readonly expects: 'go_on' | 'stop' | 'stop_or_go_on';
  /**
   * Whether it is to be injected while nobody writes and the WAL is copied back, because it destroys what is in it. Without this the fault itself would
   * lose commits, and nothing could be said of the driver.
   */
  readonly needsQuiet: boolean;
  /** What is at the path afterwards: the database with every commit, an older copy or nothing, or a damaged file. */
  readonly leaves: 'all' | 'damaged' | 'nothing';
  /** The processes still share the index of the WAL that is gone: who opens the database before they close it finds frames missing, and must stop too. */
  readonly keepsIndex?: true;
  readonly inject: (context: FileFaultContext) => Promise<void>;
}

const destroying = { expects: 'stop', needsQuiet: true } as const;
const harmless = { expects: 'go_on', needsQuiet: false, leaves: 'all' } as const;

/** The fault kind "the file changes under us", for a driver of SQLite files. */
export const FILE_FAULTS: readonly FileFault[] = [
  {
    ...destroying,
    name: 'the WAL is deleted',
    keepsIndex: true,
    leaves: 'all',
    inject: ({ path }) => rm(`${path}-wal`),
  },
  {
    ...destroying,
    name: 'the index of the WAL is deleted',
    leaves: 'all',
    inject: ({ path }) => rm(`${path}-shm`),
  },
  {
    ...destroying,
    name: 'the WAL and its index are deleted',
    leaves: 'all',
    inject: async ({ path }) => {
      await rm(`${path}-wal`);
      await rm(`${path}-shm`);
    },
  },
  {
    ...destroying,
    name: 'all files are deleted',
    leaves: 'nothing',
    inject: async ({ path }) => {
      for (const part of ['', '-wal', '-shm']) await rm(path + part);
    },
  },
  {
    ...destroying,
    name: 'a copy is renamed over the file, without its WAL',
    leaves: 'all',
    inject: async ({ path }) => {
      await copyFile(path, `${path}.copy`);
      await rename(`${path}.copy`, path);
      for (const part of ['-wal', '-shm']) await rm(path + part);
    },
  },
  {
    ...destroying,
    name: 'the file is truncated',
    leaves: 'damaged',
    inject: ({ path }) => truncate(path, 0),
  },
  {
    expects: 'stop_or_go_on',
    needsQuiet: true,
    name: 'the WAL is truncated once it is copied back',
    leaves: 'all',
    inject: ({ path }) => truncate(`${path}-wal`, 0),
  },
  { ...harmless, name: 'the file loses its rights', inject: ({ path }) => chmod(path, 0) },
  { ...harmless, name: 'another tool closes it', inject: ({ useOtherTool }) => useOtherTool() },
  {
    expects: 'stop_or_go_on',
    // A tool with an older SQLite believes that it is alone, and copies the WAL without heeding who writes to it: bare SQLite, with every check of the files
    // that a process can make, was left damaged in 12 of 130 rounds.
    needsQuiet: true,
    name: 'the application reads the file itself, then another tool closes it',
    leaves: 'all',
    inject: async ({ readInProcesses, useOtherTool }) => {
      await readInProcesses();
      await useOtherTool();
    },
  },
];
