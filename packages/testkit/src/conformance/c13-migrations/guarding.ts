import type { MigrationProvider } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

/** The applied migrations are recorded, and the pending ones can be listed without applying them. */
export function guardingCases(fixture: Fixture): void {
  describe('guarding', () => {
    test('C13 a migration that was edited after it had been applied is refused by name, until it is accepted', async () => {
      const current = shelfMigrations();
      const migrations: MigrationProvider = { getMigrations: async () => ({ ...current }) };
      const storage = await fixture.apart<ShelfDatabase>({ migrations });
      await storage.migrator.to('002_item');
      current['001_shelf'] = {
        up: async (db) => {
          await db.schema.createTable('shelf').addColumn('code', 'text').execute();
        },
      };
      const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(error).toMatchObject({ migration: '001_shelf' });
      expect(
        (await storage.migrator.status()).filter(({ appliedAt }) => appliedAt === undefined),
      ).toHaveLength(1);
      await storage.migrator.repair();
      expect(await storage.migrator.up()).toStrictEqual([{ name: '003_weight', direction: 'up' }]);
    });

    test('C13 a migration may be undone and applied again after an edit', async () => {
      const current = shelfMigrations();
      const migrations: MigrationProvider = { getMigrations: async () => ({ ...current }) };
      const storage = await fixture.apart<ShelfDatabase>({ migrations });
      await storage.migrator.up();
      await storage.migrator.down();
      current['003_weight'] = {
        up: async (db) => {
          await db.schema.alterTable('item').addColumn('weight', 'bigint').execute();
        },
      };
      expect(await storage.migrator.up()).toStrictEqual([{ name: '003_weight', direction: 'up' }]);
    });

    test('C13 a dry run returns the statements of every pending migration, and changes nothing', async () => {
      const migrations: MigrationProvider = { getMigrations: async () => shelfMigrations() };
      const storage = await fixture.apart<ShelfDatabase>({ migrations });
      await storage.migrator.to('001_shelf');
      const plans = await storage.migrator.dryRun();
      expect(plans.map(({ name, sql }) => [name, sql.length])).toStrictEqual([
        ['002_item', 2],
        ['003_weight', 2],
      ]);
      expect(plans[0]?.sql[0]).toMatch(/^create table "item"/);
      expect(
        (await storage.migrator.status()).filter(({ appliedAt }) => appliedAt !== undefined),
      ).toHaveLength(1);
      await expectRefusal(storage.repository('item', { key: 'id' }).count(), 'unknown_table');
      expect(await storage.migrator.up()).toHaveLength(2);
    });

    test('C13 a dry run of a migration that fails says so', async () => {
      const failing = { up: async () => Promise.reject(new Error('not today')) };
      const migrations: MigrationProvider = { getMigrations: async () => ({ '001': failing }) };
      const storage = await fixture.apart<ShelfDatabase>({ migrations });
      expect(await expectRefusal(storage.migrator.dryRun(), 'migration_failed')).toMatchObject({
        migration: '001',
      });
    });
  });
}
