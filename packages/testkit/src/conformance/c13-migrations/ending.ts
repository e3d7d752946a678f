import type { CallOptions, StorageMigrator } from '@sluice/core';
import type { Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

/** All methods of the migrator, by name. */
const CALLS: readonly (readonly [
  string,
  (migrator: StorageMigrator, options: CallOptions) => Promise<unknown>,
])[] = [
  ['up', (migrator, options) => migrator.up(options)],
  ['down', (migrator, options) => migrator.down(options)],
  ['to', (migrator, options) => migrator.to('002_item', options)],
  ['status', (migrator, options) => migrator.status(options)],
  ['dryRun', (migrator, options) => migrator.dryRun(options)],
  ['repair', (migrator, options) => migrator.repair(options)],
];

/** A signal or a timeout cancels a migration as it cancels every other call (C8). */
export function endingCases(fixture: Fixture): void {
  describe('ending', () => {
    for (const [name, call] of CALLS) {
      test(`C13 C8 ${name} with an aborted signal changes nothing`, async () => {
        const storage = await fixture.apart<ShelfDatabase>({ migrations: migrationsOf(shelfMigrations()) });
        await storage.migrator.to('001_shelf');
        await expectRefusal(call(storage.migrator, { signal: AbortSignal.abort() }), 'aborted');
        expect((await appliedIn(storage.migrator)).length).toBe(1);
      });
    }

    test('C13 C8 a signal undoes the migration under way and keeps those before it', async () => {
      const controller = new AbortController();
      const stuck = waiting(() => controller.abort());
      const storage = await fixture.apart<ShelfDatabase>({
        migrations: migrationsOf({ ...shelfMigrations(), '004_stuck': stuck }),
      });
      await expectRefusal(storage.migrator.up({ signal: controller.signal }), 'aborted');
      expect(await appliedIn(storage.migrator)).toStrictEqual(['001_shelf', '002_item', '003_weight']);
      expect(await storage.repository('shelf', { key: 'id' }).find()).toStrictEqual([]);
    });

    test('C13 C8 a deadline undoes the migration under way', async () => {
      const storage = await fixture.apart<ShelfDatabase>({
        migrations: migrationsOf({ ...shelfMigrations(), '002_item': waiting() }),
      });
      await storage.migrator.to('001_shelf');
      await expectRefusal(storage.migrator.up({ timeoutMs: 300 }), 'timeout');
      expect(await appliedIn(storage.migrator)).toStrictEqual(['001_shelf']);
      expect(await storage.repository('shelf', { key: 'id' }).find()).toStrictEqual([]);
    });
  });
}

/** A migration that changes a row and the schema, and then never ends. */
function waiting(onReached: () => void = () => {}) {
  return {
    up: async (db: Kysely<ShelfDatabase>) => {
      await db.insertInto('shelf').values({ id: 1, name: 'undone' }).execute();
      await db.schema.alterTable('shelf').addColumn('colour', 'text').execute();
      onReached();
      await new Promise(() => {});
    },
  };
}

async function appliedIn(migrator: StorageMigrator): Promise<string[]> {
  const status = await migrator.status();
  return status.filter(({ appliedAt }) => appliedAt !== undefined).map(({ name }) => name);
}
