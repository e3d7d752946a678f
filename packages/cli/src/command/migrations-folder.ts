import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommandError } from './command-error.js';

/** The URL of the folder that `--migrations` names. @throws CommandError when it is none. */
export async function migrationsFolder(path: string): Promise<URL> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return pathToFileURL(`${resolve(path)}/`);
  throw new CommandError(`--migrations is not a folder: ${path}`);
}
