import { stat } from 'node:fs/promises';
import { locate } from '@sluice/transfer/copy';
import { CommandError } from './command-error.js';
import type { CommandOutput } from './command-output.js';
import { databaseArgument } from './database-argument.js';

/**
 * Reads an argument that names a database which is there already, and returns its URL. A name that is mistyped never creates a database.
 *
 * @throws CommandError for a SQLite file that is missing, empty, or no file.
 */
export async function existingDatabase(argument: string, output: CommandOutput): Promise<string> {
  const located = locate(databaseArgument(argument, output));
  if (located.kind === 'postgres') return located.url;
  await assertDatabaseFile(located.path);
  return `sqlite:${located.path}`;
}

async function assertDatabaseFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined)
    throw new CommandError(`There is no file ${path}. Correct the path; nothing was created.`);
  if (found.isDirectory()) throw new CommandError(`${path} is a folder, not a SQLite file.`);
  if (!found.isFile()) throw new CommandError(`${path} is not a regular file.`);
  if (found.size === 0) throw new CommandError(`${path} is an empty file, not a SQLite database.`);
}
