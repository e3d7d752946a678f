import { stat } from 'node:fs/promises';
import { assertKnownOptions, ConfigurationError } from '@sluice/core';
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

/** Options of the maintenance functions. */
export interface MaintenanceOptions {
  /** Ends the work with an AbortedError, at its next step. */
  readonly signal?: AbortSignal;
  /** After how many milliseconds the work ends with a TimeoutError. Default: never. */
  readonly timeoutMs?: number;
  /** Receives the progress of the work, in tables or pages. */
  readonly onProgress?: (progress: TaskProgress) => void;
}

/**
 * Checks a database for damage and for foreign keys without a parent row, on a thread of its own. The database may be in use meanwhile.
 * Progress counts tables, each of them twice.
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
 * Returns the free pages of deleted rows to the file system, in transactions of about a millisecond between which other writers continue. Works on
 * files that this driver created. Progress counts pages.
 *
 * @param file A path or a `sqlite:` URL.
 * @throws UnsupportedError for a file without incremental auto-vacuum; VACUUM does the same in one step.
 */
export async function reclaimSpace(file: string, options: MaintenanceOptions = {}): Promise<ReclaimReport> {
  return run({ kind: 'reclaim', path: await locateExisting(file) }, options);
}

/** Options of {@link restore}. */
export interface RestoreOptions extends MaintenanceOptions {
  /** The backup: a path or a `sqlite:` URL. It is not changed. */
  readonly from: string;
  /** The database: a path or a `sqlite:` URL. It must be closed, in every process. */
  readonly to: string;
}

/**
 * Replaces a database by a backup. The backup is copied beside the database and checked before anything is replaced. Then the copy takes the
 * database's name in one step, and the old database is kept under another name, which contains the time. Progress counts copied pages.
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
 * Renames a damaged database with its `-wal` and `-shm`, and writes its readable content to a new file, table by table and around damaged pages.
 * Nothing is deleted, and no file takes the database's place: use {@link restore} with a backup or with the salvaged file. Progress counts tables.
 * If it ends early, the database stays renamed.
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

async function run<T extends Task>(task: T, options: MaintenanceOptions): Promise<TaskResults[T['kind']]> {
  assertNodeVersion();
  assertKnownOptions<MaintenanceOptions>(task.kind, options, {
    signal: true,
    timeoutMs: true,
    onProgress: true,
  });
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

/** The current time, in a form that a file name can contain. */
function now(): string {
  return new Date().toISOString().replaceAll(':', '-');
}

function unusable(message: string): ConfigurationError {
  return new ConfigurationError('path_unusable', message);
}
