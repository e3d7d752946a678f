import type { Row } from '../driver/driver.js';
import { checksumOf } from './migration-checksums.js';
import type { StorageMigration } from './storage-migration.js';

/** Which migrations are applied, and which are not, each in order. */
export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** Reads all rows of a table of the migrations; `undefined` when there is no such table. */
export type ReadRecords = (table: string) => Promise<readonly Row[] | undefined>;

/**
 * The state that the database records, read without a transaction, so that an application with nothing to migrate need not wait for the lock. `undefined`
 * when it cannot be told, or when an applied migration was edited: a step finds out, and reports the error.
 */
export async function readRecordedState(
  migrations: Readonly<Record<string, StorageMigration>>,
  read: ReadRecords,
): Promise<MigrationState | undefined> {
  const [steps, checksums] = [await read('kysely_migration'), await read('sluice_migration')];
  if (steps === undefined || checksums === undefined) return undefined;
  const isEdited = checksums.some(({ name, checksum }) => {
    const migration = migrations[String(name)];
    return migration !== undefined && checksumOf(migration) !== checksum;
  });
  if (isEdited) return undefined;
  const recorded = new Set(steps.map(({ name }) => name));
  const names = Object.keys(migrations).sort();
  return {
    applied: names.filter((name) => recorded.has(name)),
    pending: names.filter((name) => !recorded.has(name)),
  };
}
