import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchownSync,
  openSync,
  type Stats,
  statSync,
} from 'node:fs';

/** Who may do what. */
const PERMISSIONS = 0o777;

const GROUP_PERMISSIONS = 0o070;

/**
 * Creates an empty file that nobody but its owner may open, owned as the file at `model` is where the system allows that. Give it the model's
 * permissions by {@link copyPermissions} once its content is complete.
 *
 * @throws Error `EEXIST` when there is a file at the path.
 */
export function createPrivate(path: string, model: string): void {
  const { uid, gid } = statSync(model);
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    if (!tryOwner(descriptor, uid, gid)) tryOwner(descriptor, -1, gid);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives a file the permissions of another, whatever the umask, as SQLite does for its WAL. `needed`: permissions that it gets in any case.
 * A group that could not be given the file gets no permission.
 */
export function copyPermissions(path: string, model: string, needed = 0): void {
  const [own, { gid, mode }] = [statSync(path), statSync(model)];
  const group = own.gid === gid ? 0 : GROUP_PERMISSIONS;
  chmodSync(path, ((mode & ~group) | needed) & PERMISSIONS);
}

/** Whether opening the database would leave a `-shm` that can never be written: SQLite creates it with the permissions of the file. */
export function wouldLeaveReadOnlyIndex(path: string): boolean {
  return existsSync(path) && !isWritable(path) && !existsSync(`${path}-shm`);
}

/**
 * Gives the `-wal` and `-shm` the permissions of their database if they have others: SQLite gave them those that it had when they were
 * created, and a read-only one would block every opening. Those of another user stay as they are.
 */
export function mendCompanions(path: string): void {
  const database = statSync(path, { throwIfNoEntry: false });
  if (database === undefined || !isWritable(path)) return;
  for (const suffix of ['-wal', '-shm']) {
    const companion = statSync(path + suffix, { throwIfNoEntry: false });
    if (companion !== undefined && !sharesPermissions(companion, database)) tryMode(path + suffix, database);
  }
}

function sharesPermissions(companion: Stats, database: Stats): boolean {
  return ((companion.mode ^ database.mode) & PERMISSIONS) === 0;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function tryOwner(descriptor: number, uid: number, gid: number): boolean {
  try {
    fchownSync(descriptor, uid, gid);
    return true;
  } catch {
    return false;
  }
}

function tryMode(path: string, { mode }: Stats): void {
  try {
    chmodSync(path, mode & PERMISSIONS);
  } catch {
    // SQLite reports what it cannot use.
  }
}
