import { type StatSyncOptions, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file, its WAL and the index of the WAL, which all processes share. */
const PARTS = ['', '-wal', '-shm'];

/**
 * How old the last change of a folder must be before its time is relied on: a change that follows within the same step of the clock leaves the time as it is.
 * No file system rounds times to more than two seconds. One that stores parts of ten milliseconds takes them from the system's clock, whose steps are at most that long.
 */
const SETTLED_MS = 3_000;
const SETTLED_FINE_MS = 100;
const COARSE_STEP_MS = 10;

/** Shortest time between two looks of {@link FileWatch.wasInPlace}. */
const RECENT_MS = 10;

const QUIET: StatSyncOptions & { bigint?: false; throwIfNoEntry: false } = { throwIfNoEntry: false };

/** The files of an open database, as all its threads see them. */
export interface OpenFiles {
  /** {@link filesIdentity} when the database was opened; `undefined` before that. */
  identity: string | undefined;
  /** Not 0 once a thread saw that the files were changed by somebody else. Never reset. Shared memory: all threads stop at once. */
  readonly changed: Int32Array<SharedArrayBuffer>;
}

/** For a database that is about to be opened. */
export function newOpenFiles(): OpenFiles {
  return { identity: undefined, changed: new Int32Array(new SharedArrayBuffer(4)) };
}

/** Device and inode of the file at a path, of its WAL and of its index. They stay the same when a file is renamed. */
export function filesIdentity(path: string): string {
  return PARTS.map((part) => {
    const stats = statSync(path + part, QUIET);
    return stats === undefined ? 'none' : `${stats.dev}:${stats.ino}`;
  }).join(' ');
}

/**
 * Detects that a database, its WAL or its index was deleted, replaced or moved while it was open. SQLite does not: it goes on with files that have
 * no name any more, so what it commits is lost, and what it copies at last goes over the work of those who use the new ones.
 *
 * None of these can happen without a change of the folder. So one stat is enough while the time of the folder stands still.
 */
export class FileWatch {
  readonly #path: string;
  readonly #folder: string;
  readonly #files: OpenFiles;
  readonly #identity: string;
  /** Inode and time of the folder at the last look; the time is NaN if it may stand still although the folder changes. */
  #folderInode = 0;
  #folderMs = Number.NaN;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Create it when the database is open and the files are there. */
  constructor(path: string, files: OpenFiles) {
    this.#path = path;
    this.#folder = dirname(path);
    this.#files = files;
    this.#identity = files.identity ?? filesIdentity(path);
  }

  /** Whether the files are those that were opened. */
  isInPlace(): boolean {
    if (this.#hasChanged) return false;
    this.#lookedAt = performance.now();
    try {
      return this.#look();
    } catch {
      // A process that has given up its rights to the folder sees nothing any more. What it has open it may go on with.
      return true;
    }
  }

  #look(): boolean {
    const folder = statSync(this.#folder, QUIET);
    if (folder?.mtimeMs === this.#folderMs && folder.ino === this.#folderInode) return true;
    if (filesIdentity(this.#path) !== this.#identity) return this.noteChange();
    this.#folderMs = folder !== undefined && isSettled(folder) ? folder.mtimeMs : Number.NaN;
    this.#folderInode = folder?.ino ?? 0;
    return true;
  }

  /** The same, for what is done much more often: looks at most every ten milliseconds. */
  wasInPlace(): boolean {
    return performance.now() - this.#lookedAt < RECENT_MS ? !this.#hasChanged : this.isInPlace();
  }

  /** Tells all threads that the files were changed. */
  noteChange(): false {
    noteChange(this.#files);
    return false;
  }

  get #hasChanged(): boolean {
    return hasChanged(this.#files);
  }
}

/** Whether any later change of the folder changes its time. */
function isSettled({ mtimeMs }: Stats): boolean {
  return Date.now() - mtimeMs > (mtimeMs % COARSE_STEP_MS === 0 ? SETTLED_MS : SETTLED_FINE_MS);
}

/** Tells all threads that the files were changed. */
export function noteChange({ changed }: OpenFiles): void {
  Atomics.store(changed, 0, 1);
}

/** Whether a thread saw that the files were changed by somebody else. */
export function hasChanged({ changed }: OpenFiles): boolean {
  return Atomics.load(changed, 0) !== 0;
}
