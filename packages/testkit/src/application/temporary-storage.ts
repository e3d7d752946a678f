import { copyFile } from 'node:fs/promises';
import { type Driver, openStorage, type Storage, type StorageOptions } from '@sluice/core';
import { afterFile, temporaryPostgresUrl, temporarySqlitePath } from '../vitest/temporary-databases.js';

/** Options of {@link temporaryStorage}. */
export interface TemporaryStorageOptions<DB>
  extends Pick<StorageOptions, 'camelCase' | 'migrations' | 'timeoutMs'> {
  /** `sqlite()`, `postgres()`, or another driver that accepts `sqlite:` or `postgres:` URLs. */
  readonly driver: Driver;
  /** Fills the database after the migrations. Runs once for all storages that are made with this same function. */
  readonly seed?: ((storage: Storage<DB>) => Promise<void>) | undefined;
}

/**
 * Opens a storage on a new database, migrated and seeded, in milliseconds. The first call in a test file makes a template (a file or a
 * template database); later calls with the same `driver`, `migrations` and `seed` copy it. The storage is closed and the database removed
 * after the test file.
 *
 * @throws Error when the driver accepts neither `sqlite:` nor `postgres:` URLs.
 */
export async function temporaryStorage<DB>(options: TemporaryStorageOptions<DB>): Promise<Storage<DB>> {
  const place = placeOf(options.driver);
  const template = templateOf(options, place);
  const url = await place.copy(await template);
  const storage = await open<DB>(url, options);
  afterFile(() => storage.close());
  return storage;
}

/** Where the databases of an engine are created, and how they are copied. */
interface Place {
  create(): Promise<string>;
  copy(templateUrl: string): Promise<string>;
}

const SQLITE: Place = {
  create: async () => `sqlite:${await temporarySqlitePath()}`,
  copy: async (templateUrl) => {
    const path = await temporarySqlitePath();
    await copyFile(templateUrl.slice('sqlite:'.length), path);
    return `sqlite:${path}`;
  },
};

const POSTGRES: Place = {
  create: () => temporaryPostgresUrl(),
  copy: (template) => temporaryPostgresUrl({ template }),
};

function placeOf({ name, schemes }: Driver): Place {
  if (schemes.includes('sqlite')) return SQLITE;
  if (schemes.includes('postgres')) return POSTGRES;
  throw new Error(
    `temporaryStorage() has no databases for the driver "${name}": it answers to neither sqlite: nor postgres:.`,
  );
}

interface Template {
  readonly driver: Driver;
  readonly migrations: unknown;
  readonly seed: unknown;
  readonly url: Promise<string>;
}

const templates: Template[] = [];

function templateOf<DB>(options: TemporaryStorageOptions<DB>, place: Place): Promise<string> {
  const { driver, migrations, seed } = options;
  const known = templates.find(
    (each) => each.driver === driver && each.migrations === migrations && each.seed === seed,
  );
  if (known !== undefined) return known.url;
  const url = makeTemplate(options, place);
  templates.push({ driver, migrations, seed, url });
  return url;
}

/**
 * Makes the template and closes it, because PostgreSQL cannot copy a database that is in use, and a SQLite file is complete without its WAL
 * only after it was closed.
 */
async function makeTemplate<DB>(options: TemporaryStorageOptions<DB>, place: Place): Promise<string> {
  const url = await place.create();
  const storage = await open<DB>(url, options);
  try {
    if (options.migrations !== undefined) await storage.migrator.up();
    await options.seed?.(storage);
  } finally {
    await storage.close();
  }
  return url;
}

function open<DB>(
  url: string,
  { driver, seed: _, ...options }: TemporaryStorageOptions<DB>,
): Promise<Storage<DB>> {
  return openStorage<DB>({ ...options, url, drivers: [driver] });
}
