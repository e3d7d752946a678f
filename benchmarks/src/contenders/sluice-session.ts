import { openStorage, type Repository, type Storage, type StorageOptions } from '@sluice/core';
import type { Migration } from 'kysely/migration';
import type { Session } from '../contender.ts';
import { type Item, SCAN_PATTERNS } from '../workload/item.ts';

export interface BenchmarkTables {
  item: Item;
}

type Items = Repository<BenchmarkTables, 'item', 'id'>;

/** Opens a storage, with the table that Sluice's own migration creates. */
export function open(options: Pick<StorageOptions, 'drivers' | 'url'>): Promise<Storage<BenchmarkTables>> {
  return openStorage<BenchmarkTables>({
    ...options,
    migrations: { getMigrations: async () => ({ '001_item': createItem }) },
  });
}

const createItem: Migration = {
  up: async (kysely) => {
    await kysely.schema
      .createTable('item')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('owner', 'integer', (column) => column.notNull())
      .addColumn('title', 'text', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('size', 'integer', (column) => column.notNull())
      .addColumn('score', 'double precision', (column) => column.notNull())
      .execute();
  },
  down: async (kysely) => {
    await kysely.schema.dropTable('item').execute();
  },
};

/** Sluice with its public repository. */
export function sluiceSession(storage: Storage<BenchmarkTables>, settings: Record<string, unknown>): Session {
  const items: Items = storage.repository('item', { key: 'id' });
  let replays = 0;
  storage.on('replay', () => {
    replays += 1;
  });
  return {
    settings: () => settings,
    get: (id) => items.get(id),
    list: (first, limit) => items.find({ where: { id: { gte: first } }, orderBy: { id: 'asc' }, limit }),
    insert: (item) => items.insert(item),
    insertMany: (rows) => items.insertMany(rows),
    update: (id, size) => items.update(id, { size }),
    batch: (item, first, second) =>
      storage.batch([
        storage.kysely.insertInto('item').values(item),
        storage.kysely.updateTable('item').set({ size: 1 }).where('id', '=', first),
        storage.kysely.updateTable('item').set({ size: 2 }).where('id', '=', second),
      ]),
    transaction: (item, id, isolation) =>
      storage.write(
        async (tx) => {
          const rows = tx.repository('item', { key: 'id' });
          await rows.insert(item);
          await bump(rows, id);
        },
        { isolation },
      ),
    increment: (id) => storage.write((tx) => bump(tx.repository('item', { key: 'id' }), id)),
    scan: () => items.count({ where: { or: SCAN_PATTERNS.map((like) => ({ body: { like } })) } }),
    stream: () => countRows(items.stream()),
    replays: () => replays,
    close: () => storage.close(),
  };
}

async function bump(items: Items, id: number): Promise<void> {
  const row = await items.getOrThrow(id);
  await items.update(id, { size: (row.size + 1) % 65_536 });
}

async function countRows(rows: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of rows) count += 1;
  return count;
}
