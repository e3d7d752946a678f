import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommandError } from './command-error.js';

/** The URLs of the folders that `--migrations` names. @throws CommandError when one of them is none. */
export function migrationsFolders(paths: readonly string[]): Promise<URL[]> {
  return Promise.all(paths.map(migrationsFolder));
}

/** Adds to the list of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

async function migrationsFolder(path: string): Promise<URL> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return pathToFileURL(`${resolve(path)}/`);
  throw new CommandError(`--migrations is not a folder: ${path}`);
}
