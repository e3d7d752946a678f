import { stat } from 'node:fs/promises';
import { ConfigurationError } from '@sluice/core';
import { toError } from './errors/errors.js';
import type { Failure } from './errors/failure.js';
import { assertNotOpenHere } from './file/open-files.js';
import { locatePath, locateUrl } from './file/path.js';
import { assertNodeVersion } from './file/runtime.js';
import type { IntegrityReport } from './maintenance/check-integrity.js';
import type { QuarantineReport } from './maintenance/quarantine.js';
import type { ReclaimReport } from './maintenance/reclaim.js';
import type { RestoreReport } from './maintenance/restore-backup.js';
import { runTask } from './maintenance/run-task.js';
import type { Task, TaskResults } from './maintenance/task.js';
import type { TaskProgress } from './maintenance/task-context.js';

/** Options of the work on a file that may take long. */
export interface MaintenanceOptions {
  /** Ends the work in an AbortedError, at its next step. */
  readonly signal?: AbortSignal;
  /** After how many milliseconds the work ends in a TimeoutError. Default: never. */
  readonly timeoutMs?: number;
  /** Told how far the work is, in units of its own: tables or pages. */
  readonly onProgress?: (progress: TaskProgress) => void;
}

/**
 * Looks through a database for damage and for foreign keys that point nowhere, on a thread of its own; it may be in use meanwhile.
 * Progress is told by tables, each counted twice.
 *
 * @param file A path or a `sqlite:` URL.
 * @throws CorruptError `not_a_database`; ConfigurationError `path_unusable`; TimeoutError, AbortedError.
 */
export async function checkIntegrity(
  file: string,
  options: MaintenanceOptions = {},
): Promise<IntegrityReport> {
  return run({ kind: 'check', path: await locateExisting(file) }, options);
}

/**
 * Gives the pages that deleted rows have left back to the disk, in transactions of about a millisecond between which other writers go
 * on. Progress is told by pages. Files that this driver created are made for it.
 *
 * @param file A path or a `sqlite:` URL.
 * @throws UnsupportedError for a file that was not made for it: VACUUM does the same at one go.
 */
export async function reclaimSpace(file: string, options: MaintenanceOptions = {}): Promise<ReclaimReport> {
  return run({ kind: 'reclaim', path: await locateExisting(file) }, options);
}

/** What is restored, and where to. */
export interface RestoreOptions extends MaintenanceOptions {
  /** The backup: a path or a `sqlite:` URL. It is left as it is. */
  readonly from: string;
  /** The database: a path or a `sqlite:` URL. It must be closed, in every process. */
  readonly to: string;
}

/**
 * Puts a backup in the place of a database. The backup is copied beside it and proven sound before anything is touched; then the copy takes
 * the name at once, and the database that had it is kept under another, with the time in it. Progress is told by pages copied.
 *
 * @throws ConflictError when the database is open; CorruptError when the backup is damaged; StorageFullError; TimeoutError, AbortedError.
 */
export async function restore({ from, to, ...options }: RestoreOptions): Promise<RestoreReport> {
  const source = await locateExisting(from);
  const target = await locate(to);
  if (source === target) throw unusable('A database cannot be restored from itself.');
  assertNotOpenHere(target);
  return run({ kind: 'restore', from: source, to: target, aside: `${target}.replaced-${now()}` }, options);
}

/**
 * Moves a damaged database out of the way, with its `-wal` and `-shm`, and writes what can be read of it into a new file, table by table and
 * around damaged pages. Nothing is deleted, and nothing takes the place of the database: {@link restore} puts a backup there, or what was
 * salvaged. Progress is told by tables. Ended early, the database stays moved.
 *
 * @param file A path or a `sqlite:` URL. It must be closed, in every process.
 * @throws ConflictError when the database is open; StorageFullError; TimeoutError, AbortedError.
 */
export async function quarantine(file: string, options: MaintenanceOptions = {}): Promise<QuarantineReport> {
  const path = await locateExisting(file);
  assertNotOpenHere(path);
  const time = now();
  const [aside, salvaged] = [`${path}.quarantined-${time}`, `${path}.salvaged-${time}`];
  return run({ kind: 'quarantine', path, aside, salvaged }, options);
}

function run<T extends Task>(task: T, options: MaintenanceOptions): Promise<TaskResults[T['kind']]> {
  assertNodeVersion();
  const { signal, timeoutMs, onProgress } = options;
  const deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  return runTask(task, { signal, deadline, onProgress, toError: taskError });
}

function taskError(failure: Failure): Error {
  const cause = Object.assign(new Error(failure.message), { name: failure.name, code: failure.code });
  return toError(failure, undefined, cause);
}

async function locate(file: string): Promise<string> {
  const { path, isTemporary, dispose } = await (file.startsWith('sqlite:')
    ? locateUrl(file)
    : locatePath(file));
  await dispose();
  if (isTemporary) throw unusable('A database in memory has no file.');
  return path;
}

async function locateExisting(file: string): Promise<string> {
  const path = await locate(file);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw unusable(`There is no file "${path}". Correct the path.`);
  return path;
}

/** The time as it can stand in a file's name. */
function now(): string {
  return new Date().toISOString().replaceAll(':', '-');
}

function unusable(message: string): ConfigurationError {
  return new ConfigurationError('path_unusable', message);
}
