import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { SHELF_NAMES, type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

const STORAGES = 8;

/** Storages that start at the same time apply each migration once. */
export function togetherCases(fixture: Fixture): void {
  describe('together', () => {
    test('C13 eight storages that migrate at once apply each migration once', async () => {
      const name = fixture.newName();
      const run: string[] = [];
      const storages = await Promise.all(
        Array.from({ length: STORAGES }, () => {
          const migrations = migrationsOf(shelfMigrations((step) => run.push(step)));
          return fixture.apart<ShelfDatabase>({ migrations }, name);
        }),
      );
      const steps = await Promise.all(storages.map((storage) => storage.migrator.up()));
      expect(run).toStrictEqual(['001 up', '002 up', '003 up']);
      expect(
        steps
          .flat()
          .map((step) => step.name)
          .toSorted(),
      ).toStrictEqual(SHELF_NAMES);
      for (const storage of storages) {
        expect(await storage.repository('item', { key: 'id' }).find()).toStrictEqual([]);
      }
    });

    test('C13 status and writes of another storage wait for a migration, and succeed', async () => {
      const name = fixture.newName();
      const migrations = migrationsOf(shelfMigrations());
      const first = await fixture.apart<ShelfDatabase>({ migrations }, name);
      await first.migrator.to('001_shelf');
      const second = await fixture.apart<ShelfDatabase>({ migrations }, name);
      const [, status] = await Promise.all([
        first.migrator.up(),
        second.migrator.status(),
        ...Array.from({ length: 20 }, (_, id) =>
          second.repository('shelf', { key: 'id' }).insert({ id, name: `s${id}` }),
        ),
      ]);
      expect(status).toHaveLength(3);
      expect(await first.repository('shelf', { key: 'id' }).count()).toBe(20);
    });

    test('C13 a storage that was open before finds tables that another has created since', async () => {
      const name = fixture.newName();
      const early = await fixture.apart<ShelfDatabase>({}, name);
      const shelves = early.repository('shelf', { key: 'id' });
      await expect(shelves.find()).rejects.toMatchObject({ code: 'unknown_table' });
      const late = await fixture.apart<ShelfDatabase>({ migrations: migrationsOf(shelfMigrations()) }, name);
      await late.migrator.up();
      expect(await shelves.insert({ id: 1, name: 'a' })).toStrictEqual({ id: 1, name: 'a' });
    });
  });
}
