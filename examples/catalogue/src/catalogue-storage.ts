import { openStorage, type Repository, type Storage, type StorageTransaction } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import type { DB } from './db.js';

/** The storage of the catalogue. */
export type CatalogueStorage = Storage<DB>;

/** The three tables of the catalogue. */
export interface CatalogueTables {
  readonly folders: Repository<DB, 'folder', 'path'>;
  readonly files: Repository<DB, 'file', readonly ['folderPath', 'name']>;
  readonly contents: Repository<DB, 'content', 'hash'>;
}

/** Opens the catalogue at a URL with the driver of its scheme, and migrates its tables. */
export async function openCatalogue(url: string): Promise<CatalogueStorage> {
  const storage = await openStorage<DB>({
    url,
    drivers: [sqlite(), postgres()],
    migrations: new URL('../migrations/', import.meta.url),
    camelCase: true,
  });
  try {
    await storage.migrator.up();
    return storage;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Returns the tables of a storage or of a transaction. */
export function tablesOf(source: CatalogueStorage | StorageTransaction<DB>): CatalogueTables {
  return {
    folders: source.repository('folder', { key: 'path' }),
    files: source.repository('file', { key: ['folderPath', 'name'] }),
    contents: source.repository('content', { key: 'hash' }),
  };
}
