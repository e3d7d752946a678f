import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

type Shelves = Kysely<ShelfDatabase>;

const failure = new Error('half way');

/** Errors of a migration after it has changed the schema and the rows. */
const FAILURES: readonly [string, (db: Shelves) => Promise<unknown>][] = [
  [
    'throws',
    async () => {
      throw failure;
    },
  ],
  ['breaks a unique key', (db) => db.insertInto('shelf').values({ id: 1, name: 'again' }).execute()],
  [
    'breaks a foreign key',
    (db) => db.insertInto('item').values({ id: 9, shelf_id: 404, label: 'x', weight: 1 }).execute(),
  ],
  ['uses a table that does not exist', (db) => db.deleteFrom('nobody' as 'shelf').execute()],
  ['is not SQL', (db) => sql`this is no sql`.execute(db)],
  ['swallows the error of a statement', (db) => sql`this is no sql`.execute(db).catch(() => {})],
];

/** A migration that fails leaves the schema and the rows unchanged. */
export function failingCases(fixture: Fixture): void {
  const broken = (fail: (db: Shelves) => Promise<unknown>): Migration => ({
    up: async (db: Shelves) => {
      await db.schema.createTable('extra').addColumn('id', 'integer').execute();
      await db.schema.alterTable('item').addColumn('colour', 'text').execute();
      await db.updateTable('shelf').set({ name: 'changed' }).execute();
      await db.deleteFrom('item').execute();
      await fail(db);
    },
    down: async () => {},
  });

  describe('failing', () => {
    for (const [what, fail] of FAILURES) {
      test(`C13 a migration that ${what} leaves schema and rows as they were`, async () => {
        const migrations = {
          ...shelfMigrations(),
          '004_broken': broken(fail),
          '005_later': { up: async () => {} },
        };
        const storage = await fixture.apart<ShelfDatabase>({ migrations: migrationsOf(migrations) });
        await storage.migrator.to('003_weight');
        await storage.repository('shelf', { key: 'id' }).insert({ id: 1, name: 'kept' });
        await storage
          .repository('item', { key: 'id' })
          .insert({ id: 1, shelf_id: 1, label: 'kept', weight: 5 });
        const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
        expect(error.migration).toBe('004_broken');
        expect(error.cause).toBeDefined();
        const status = await storage.migrator.status();
        expect(status.map(({ appliedAt }) => appliedAt !== undefined)).toStrictEqual([
          true,
          true,
          true,
          false,
          false,
        ]);
        expect(await storage.repository('shelf', { key: 'id' }).find()).toStrictEqual([
          { id: 1, name: 'kept' },
        ]);
        expect(await storage.repository('item', { key: 'id' }).find()).toStrictEqual([
          { id: 1, shelf_id: 1, label: 'kept', weight: 5 },
        ]);
        await expectRefusal(
          storage.kysely
            .selectFrom('extra' as 'shelf')
            .selectAll()
            .execute(),
          'unknown_table',
        );
      });
    }

    test('C13 the error of a migration is the cause of what the caller gets', async () => {
      const migrations = {
        '001_broken': {
          up: async () => {
            throw failure;
          },
        },
      };
      const storage = await fixture.apart({ migrations: migrationsOf(migrations) });
      const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(error.cause).toBe(failure);
    });

    test('C13 the migrations before a failing one stay, and once it is mended it is applied', async () => {
      let isMended = false;
      const migrations = {
        ...shelfMigrations(),
        '004_mended': {
          up: async (db: Kysely<unknown>) => {
            await db.schema.createTable('extra').addColumn('id', 'integer').execute();
            if (!isMended) throw failure;
          },
        },
      };
      const storage = await fixture.apart<ShelfDatabase>({ migrations: migrationsOf(migrations) });
      await expectRefusal(storage.migrator.up(), 'migration_failed');
      await storage.repository('item', { key: 'id' }).find();
      isMended = true;
      expect(await storage.migrator.up()).toStrictEqual([{ name: '004_mended', direction: 'up' }]);
    });

    test('C13 a down that fails leaves the migration applied', async () => {
      const migrations = {
        '001_shelf': {
          up: shelfMigrations()['001_shelf']?.up ?? (async () => {}),
          down: async (db: Kysely<unknown>) => {
            await db.schema.dropTable('shelf').execute();
            throw failure;
          },
        },
      };
      const storage = await fixture.apart<ShelfDatabase>({ migrations: migrationsOf(migrations) });
      await storage.migrator.up();
      await expectRefusal(storage.migrator.down(), 'migration_failed');
      expect(await storage.repository('shelf', { key: 'id' }).find()).toStrictEqual([]);
      expect((await storage.migrator.status())[0]?.appliedAt).toBeInstanceOf(Date);
    });

    test('C13 a migration without a down cannot be undone, and says so', async () => {
      const { up } = shelfMigrations()['001_shelf'] ?? { up: async () => {} };
      const storage = await fixture.apart<ShelfDatabase>({
        migrations: migrationsOf({ '001_shelf': { up } }),
      });
      await storage.migrator.up();
      await expectRefusal(storage.migrator.down(), 'migration_failed');
      expect(await storage.repository('shelf', { key: 'id' }).find()).toStrictEqual([]);
    });

    test('C13 the storage works on after a failed migration', async () => {
      const { storage } = fixture;
      const migrations = migrationsOf({
        '001_broken': {
          up: async () => {
            throw failure;
          },
        },
      });
      const apart = await fixture.apart({ migrations });
      for (let round = 0; round < 5; round += 1) await expectRefusal(apart.migrator.up(), 'migration_failed');
      expect(await apart.health()).toMatchObject({ isHealthy: true });
      await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
    });
  });
}
