import type { Storage } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { closeInTime, type Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { SHELF_NAMES, type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

/** `up`, `down`, `to` and `status`. */
export function walkCases(fixture: Fixture): void {
  const open = (name?: string): Promise<Storage<ShelfDatabase>> =>
    fixture.apart<ShelfDatabase>({ migrations: migrationsOf(shelfMigrations()) }, name);
  const applied = async (storage: Storage<ShelfDatabase>): Promise<string[]> =>
    (await storage.migrator.status())
      .filter(({ appliedAt }) => appliedAt !== undefined)
      .map(({ name }) => name);

  describe('walking', () => {
    test('C13 up applies every pending migration in the order of names, and then none', async () => {
      const storage = await open();
      const steps = await storage.migrator.up();
      expect(steps).toStrictEqual(SHELF_NAMES.map((name) => ({ name, direction: 'up' })));
      expect(await storage.migrator.up()).toStrictEqual([]);
      const shelves = storage.repository('shelf', { key: 'id' });
      expect(await shelves.insert({ id: 1, name: 'a' })).toStrictEqual({ id: 1, name: 'a' });
    });

    test('C13 status lists the applied migrations with their times, and the pending ones', async () => {
      const storage = await open();
      expect(await storage.migrator.status()).toStrictEqual(
        SHELF_NAMES.map((name) => ({ name, appliedAt: undefined })),
      );
      await storage.migrator.to('002_item');
      const status = await storage.migrator.status();
      expect(status.map(({ name }) => name)).toStrictEqual(SHELF_NAMES);
      expect(status.map(({ appliedAt }) => appliedAt instanceof Date)).toStrictEqual([true, true, false]);
      expect(Math.abs(Date.now() - (status[0]?.appliedAt?.getTime() ?? 0))).toBeLessThan(60_000);
    });

    test('C13 down undoes the last migration, one at a time, until none is left', async () => {
      const storage = await open();
      await storage.migrator.up();
      for (const name of SHELF_NAMES.toReversed()) {
        expect(await storage.migrator.down()).toStrictEqual([{ name, direction: 'down' }]);
      }
      expect(await storage.migrator.down()).toStrictEqual([]);
      await expectRefusal(storage.repository('shelf', { key: 'id' }).find(), 'unknown_table');
    });

    test('C13 to goes up or down until the named migration is the last', async () => {
      const storage = await open();
      expect(await storage.migrator.to('002_item')).toHaveLength(2);
      expect(await applied(storage)).toStrictEqual(['001_shelf', '002_item']);
      expect(await storage.migrator.to('003_weight')).toStrictEqual([
        { name: '003_weight', direction: 'up' },
      ]);
      expect(await storage.migrator.to('001_shelf')).toStrictEqual([
        { name: '003_weight', direction: 'down' },
        { name: '002_item', direction: 'down' },
      ]);
      expect(await storage.migrator.to('001_shelf')).toStrictEqual([]);
      expect(await storage.migrator.to(null)).toStrictEqual([{ name: '001_shelf', direction: 'down' }]);
      expect(await applied(storage)).toStrictEqual([]);
    });

    test('C13 what was undone can be applied again', async () => {
      const storage = await open();
      for (let round = 0; round < 3; round += 1) {
        await storage.migrator.up();
        await storage.repository('shelf', { key: 'id' }).insert({ id: 1, name: 'a' });
        await storage.migrator.to(null);
      }
      expect(await applied(storage)).toStrictEqual([]);
    });

    test('C13 to a migration that does not exist is refused, naming those that do', async () => {
      const storage = await open();
      const error = await expectRefusal(storage.migrator.to('004_nothing'), 'invalid_query');
      for (const name of ['004_nothing', ...SHELF_NAMES]) expect(error.message).toContain(name);
      expect(await applied(storage)).toStrictEqual([]);
    });

    test('C13 a storage without migrations says so', async () => {
      const storage = await fixture.apart();
      await expectRefusal(storage.migrator.up(), 'invalid_configuration');
      await expectRefusal(storage.migrator.status(), 'invalid_configuration');
    });

    test('C13 each step emits one event', async () => {
      const storage = await open();
      const told: string[] = [];
      const stop = storage.on('migration', ({ name, direction }) => told.push(`${name} ${direction}`));
      await storage.migrator.up();
      await storage.migrator.down();
      stop();
      await storage.migrator.up();
      expect(told).toStrictEqual([...SHELF_NAMES.map((name) => `${name} up`), '003_weight down']);
    });

    test('C13 dryRun returns the SQL of the pending migrations and changes nothing', async () => {
      const storage = await open();
      await storage.migrator.to('001_shelf');
      const plans = await storage.migrator.dryRun();
      expect(plans.map(({ name }) => name)).toStrictEqual(['002_item', '003_weight']);
      expect(plans[0]?.sql.join(';').toLowerCase()).toContain('create table');
      expect(await applied(storage)).toStrictEqual(['001_shelf']);
      await expectRefusal(storage.repository('item', { key: 'id' }).find(), 'unknown_table');
    });

    test('C13 a migration that was edited after it had been applied is refused, and nothing is applied', async () => {
      const name = fixture.newName();
      const first = await open(name);
      await first.migrator.to('002_item');
      await closeInTime(first);
      const edited = {
        ...shelfMigrations(),
        '001_shelf': { up: async () => {}, down: async () => {} },
      };
      const second = await fixture.apart<ShelfDatabase>({ migrations: migrationsOf(edited) }, name);
      if (!second.capabilities.durable) return;
      const error = await expectRefusal(second.migrator.up(), 'migration_failed');
      expect(error.message).toContain('001_shelf');
      await second.migrator.repair();
      expect(await second.migrator.up()).toHaveLength(1);
    });
  });
}
