import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '@sluice/core';

/**
 * The absolute path of a new backup.
 *
 * @throws ConfigurationError when a file exists there, or when the folder does not exist.
 */
export async function locateBackup(path: string): Promise<string> {
  const target = resolve(path);
  if (await exists(target)) {
    throw new ConfigurationError(
      'path_unusable',
      `"${target}" exists already. A backup never replaces a file; give another path.`,
    );
  }
  if (!(await exists(dirname(target)))) {
    throw new ConfigurationError(
      'path_unusable',
      `There is no folder "${dirname(target)}" for the backup. Create it.`,
    );
  }
  return target;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
