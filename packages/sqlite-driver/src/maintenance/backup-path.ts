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

/** The path of a backup beside the database: `app.db.before-0002-2026-11-21T02-57-00.000Z.backup`. */
export function nameBackup(path: string, label: string, time: Date): string {
  const plainLabel = label.replaceAll(/[^\w.-]/g, '_');
  return `${path}.${plainLabel}-${time.toISOString().replaceAll(':', '-')}.backup`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
