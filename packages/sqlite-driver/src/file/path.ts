import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError } from '@sluice/core';

/** The file of a database. */
export interface Location {
  /** Absolute path of the file. */
  readonly path: string;
  /** Whether it is deleted when it is closed. */
  readonly isTemporary: boolean;
  /** Deletes the folder of a temporary database; does nothing for others. */
  readonly dispose: () => Promise<void>;
}

/**
 * Resolves a URL to a file: `sqlite:app.db`, `sqlite:/var/app.db`, `sqlite:///var/app.db`, `sqlite::memory:`.
 *
 * @throws ConfigurationError when there can be no database there.
 */
export function locateUrl(url: string): Promise<Location> {
  const rest = url.slice(url.indexOf(':') + 1);
  if (!rest.startsWith('//')) return locatePath(rest);
  if (!rest.startsWith('///')) {
    throw new ConfigurationError(
      'invalid_configuration',
      'An SQLite URL names no host. Write sqlite:./app.db for a path from the working directory, sqlite:///var/app.db for an absolute one.',
    );
  }
  return locatePath(rest.slice(2));
}

/**
 * Resolves a path to a file. `:memory:` is a new database that is deleted when it is closed.
 *
 * @throws ConfigurationError when there can be no database there.
 */
export async function locatePath(path: string): Promise<Location> {
  if (path === ':memory:') return locateTemporary();
  assertPlainPath(path);
  const absolute = resolve(path);
  await assertUsable(absolute);
  // SQLite keeps the WAL beside the file itself, not beside a symbolic link to it.
  const file = await realpath(absolute).catch(() => absolute);
  return { path: file, isTemporary: false, dispose: async () => {} };
}

/**
 * Makes a temporary file for `:memory:`. A real in-memory database belongs to one connection, so it could have neither readers beside the
 * writer nor snapshots. A file that is never flushed to disk has both and costs about the same.
 */
async function locateTemporary(): Promise<Location> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  if (!process.listeners('exit').includes(removeTemporaryFolders))
    process.once('exit', removeTemporaryFolders);
  temporaryFolders.add(folder);
  const dispose = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    temporaryFolders.delete(folder);
  };
  return { path: join(folder, 'memory.db'), isTemporary: true, dispose };
}

/** Folders to delete when the process exits without closing. */
const temporaryFolders = new Set<string>();

function removeTemporaryFolders(): void {
  for (const folder of temporaryFolders) rmSync(folder, { recursive: true, force: true });
}

function assertPlainPath(path: string): void {
  if (path.trim() === '') {
    throw new ConfigurationError(
      'invalid_configuration',
      'The SQLite path is empty. Write sqlite:./app.db, or sqlite::memory:.',
    );
  }
  if (path !== path.trimEnd() || path.includes('\0')) {
    throw new ConfigurationError(
      'invalid_configuration',
      'The SQLite path ends in white space or holds U+0000.',
    );
  }
  if (path.includes('?')) {
    throw new ConfigurationError(
      'invalid_configuration',
      'An SQLite URL takes no parameters after "?". Give options to sqlite({ … }).',
    );
  }
}

async function assertUsable(path: string): Promise<void> {
  const folder = dirname(path);
  if ((await kindOf(folder)) !== 'folder') {
    throw unusable(`There is no folder "${folder}" for the database. Create it, or correct the path.`);
  }
  const kind = await kindOf(path);
  if (kind === 'folder') throw unusable(`"${path}" is a folder. Give the path of a file.`);
  if (kind === 'other') throw unusable(`"${path}" is not a regular file. Give the path of a file.`);
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing' | 'other'> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return 'folder';
    return stats.isFile() ? 'file' : 'other';
  } catch {
    // SQLite reports other errors, such as a folder without permission, when it opens the file.
    return 'nothing';
  }
}

function unusable(message: string): ConfigurationError {
  return new ConfigurationError('path_unusable', message);
}
