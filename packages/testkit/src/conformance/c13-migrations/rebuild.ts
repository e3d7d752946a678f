import type { Storage } from '@sluice/core';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

/** Makes a new parent table under the same name and drops the old one, as is necessary on engines without ALTER COLUMN. */
const REBUILD: Migration = {
  up: async (db: Kysely<ShelfDatabase & { shelf_new: ShelfDatabase['shelf'] }>) => {
    await db.schema
      .createTable('shelf_new')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().defaultTo('none'))
      .execute();
    await db
      .insertInto('shelf_new')
      .columns(['id', 'name'])
      .expression((eb) => eb.selectFrom('shelf').select(['id', 'name']))
      .execute();
    await db.schema.dropTable('shelf').execute();
    await db.schema.alterTable('shelf_new').renameTo('shelf').execute();
  },
};

/** The same rebuild, but it loses one row. */
const LOSSY_REBUILD: Migration = {
  up: async (db: Kysely<ShelfDatabase>, ...rest) => {
    await REBUILD.up(db, ...rest);
    await db.deleteFrom('shelf').where('id', '=', 1).execute();
  },
};

/** Rebuilding a parent table never deletes a child row. */
export function rebuildCases(fixture: Fixture): void {
  const open = async (last: Migration): Promise<Storage<ShelfDatabase>> => {
    const migrations = migrationsOf({ ...shelfMigrations(), '004_last': last });
    const storage = await fixture.apart<ShelfDatabase>({ migrations });
    await storage.migrator.to('003_weight');
    await storage.repository('shelf', { key: 'id' }).insertMany([1, 2].map((id) => ({ id, name: `s${id}` })));
    const items = [1, 2, 3, 4].map((id) => ({ id, shelf_id: (id % 2) + 1, label: `l${id}`, weight: id }));
    await storage.repository('item', { key: 'id' }).insertMany(items);
    return storage;
  };

  describe('rebuilding', () => {
    test('C13 a rebuild of a parent table keeps every child row, or is refused and changes nothing', async () => {
      const storage = await open(REBUILD);
      const outcome = await storage.migrator.up().then(
        () => 'rebuilt',
        (error: unknown) => expectRefusal(Promise.reject(error), 'migration_failed').then(() => 'refused'),
      );
      expect(['rebuilt', 'refused']).toContain(outcome);
      expect(await storage.repository('item', { key: 'id' }).count()).toBe(4);
      expect(await storage.repository('shelf', { key: 'id' }).count()).toBe(2);
      await expectEnforced(storage);
    });

    test('C13 a migration that would leave child rows without their parent is refused', async () => {
      const storage = await open(LOSSY_REBUILD);
      await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(await storage.repository('item', { key: 'id' }).count()).toBe(4);
      expect(await storage.repository('shelf', { key: 'id' }).count()).toBe(2);
      await expectEnforced(storage);
    });

    test('C13 foreign keys are enforced again after migrations', async () => {
      const storage = await open({ up: async () => {} });
      await storage.migrator.up();
      await expectEnforced(storage);
      expect(await storage.repository('shelf', { key: 'id' }).delete(2)).toBe(true);
      expect(await storage.repository('item', { key: 'id' }).count()).toBe(2);
    });

    test('C13 a column is added and dropped in a table with children, which keep their rows', async () => {
      const storage = await open({
        up: async (db: Kysely<ShelfDatabase>) => {
          await db.schema.alterTable('shelf').addColumn('colour', 'text').execute();
          await db.schema.alterTable('shelf').dropColumn('colour').execute();
          await db.schema.alterTable('item').renameColumn('label', 'title').execute();
        },
      });
      await storage.migrator.up();
      const rows = await storage.kysely
        .selectFrom('item')
        .select('title' as 'label')
        .orderBy('id')
        .execute();
      expect(rows).toStrictEqual([1, 2, 3, 4].map((id) => ({ title: `l${id}` })));
      await expectEnforced(storage, 'title');
    });
  });
}

async function expectEnforced(storage: Storage<ShelfDatabase>, label = 'label'): Promise<void> {
  const orphan = storage.kysely
    .insertInto('item')
    .values({ id: 99, shelf_id: 404, [label]: 'x', weight: 1 } as never);
  await expectRefusal(orphan.execute(), 'foreign_key_violation');
}
