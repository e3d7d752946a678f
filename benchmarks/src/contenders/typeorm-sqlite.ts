import { DataSource, EntitySchema, Like, MoreThanOrEqual } from 'typeorm';
import type { Contender } from '../contender.ts';
import { type Item, SCAN_PATTERNS } from '../workload/item.ts';
import { BUSY_TIMEOUT_MS, type openDatabase, pragmasOf, settingsOf } from './better-sqlite3.ts';

const ItemEntity = new EntitySchema<Item>({
  name: 'item',
  columns: {
    id: { type: 'integer', primary: true },
    owner: { type: 'integer' },
    title: { type: 'text' },
    body: { type: 'text' },
    size: { type: 'integer' },
    score: { type: 'double precision' },
  },
});

const ROWS_PER_INSERT = 1000;

/** TypeORM's repository on better-sqlite3. It uses `insert` and `update`, because `save` would read first. */
export const typeormSqlite: Contender = {
  engine: 'sqlite',
  packages: ['typeorm', 'better-sqlite3'],
  async open(target) {
    let settings: Record<string, unknown> = {};
    const source = new DataSource({
      type: 'better-sqlite3',
      database: target.location,
      entities: [ItemEntity],
      timeout: BUSY_TIMEOUT_MS,
      prepareDatabase: (connection: ReturnType<typeof openDatabase>) => {
        for (const pragma of pragmasOf(target)) connection.pragma(pragma);
        settings = settingsOf(connection);
      },
    });
    await source.initialize();
    const items = source.getRepository(ItemEntity);
    return {
      settings: () => settings,
      get: (id) => items.findOneBy({ id }),
      list: (first, take) =>
        items.find({ where: { id: MoreThanOrEqual(first) }, order: { id: 'asc' }, take }),
      insert: (item) => items.insert({ ...item }),
      insertMany: (rows) =>
        source.transaction(async (tx) => {
          for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
            await tx.insert(
              ItemEntity,
              rows.slice(at, at + ROWS_PER_INSERT).map((row) => ({ ...row })),
            );
          }
        }),
      update: (id, size) => items.update({ id }, { size }),
      transaction: (item, id) =>
        source.transaction(async (tx) => {
          await tx.insert(ItemEntity, { ...item });
          const row = await tx.findOneByOrFail(ItemEntity, { id });
          await tx.update(ItemEntity, { id }, { size: (row.size + 1) % 65_536 });
        }),
      scan: () => items.count({ where: SCAN_PATTERNS.map((pattern) => ({ body: Like(pattern) })) }),
      close: () => source.destroy(),
    };
  },
};
