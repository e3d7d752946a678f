import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalog, ConfigurationError, type Driver, openStorage } from '@sluice/core';
import { drivers } from '../command/drivers.js';
import { migrationsFolders } from '../command/migrations-folder.js';

/** The source of a catalog: a database, migrations, or a database after its migrations. */
export interface CatalogSource {
  readonly url?: string;
  readonly migrations?: readonly string[];
  /** Schemas to read beside those of the search path. */
  readonly schema?: readonly string[];
  readonly onMigration: (name: string) => void;
}

/** Reads the tables of `url`. Migrations are applied first: to `url`, or to a temporary SQLite file if there is no `url`. */
export async function readCatalog(source: CatalogSource): Promise<Catalog> {
  const { url, migrations, onMigration, schema } = source;
  if (migrations === undefined) return catalogOf(url ?? '', schema);
  const folders = await migrationsFolders(migrations);
  if (url === undefined)
    return inTemporaryDatabase(async (temporary) => {
      await migrate(temporary, folders);
      return catalogOf(temporary);
    });
  await migrate(url, folders, onMigration);
  return catalogOf(url, schema);
}

async function migrate(
  url: string,
  migrations: readonly URL[],
  onMigration?: (name: string) => void,
): Promise<void> {
  const storage = await openStorage({ url, drivers: drivers(), migrations });
  try {
    for (const { name } of await storage.migrator.up()) onMigration?.(name);
  } finally {
    await storage.close();
  }
}

async function catalogOf(url: string, schemas?: readonly string[]): Promise<Catalog> {
  const database = await driverOf(url).open(url);
  try {
    return await database.catalog({ schemas });
  } finally {
    await database.close();
  }
}

function driverOf(url: string): Driver {
  const scheme = url.split(':', 1)[0]?.toLowerCase() ?? '';
  const driver = drivers().find(({ schemes }) => schemes.includes(scheme));
  if (driver !== undefined) return driver;
  throw new ConfigurationError(
    'unknown_scheme',
    'No driver answers to this --url. Write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE.',
  );
}

async function inTemporaryDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-codegen-'));
  try {
    return await work(`sqlite:${join(folder, 'migrated.db')}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
