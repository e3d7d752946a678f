import { type Capabilities, MigrationError, type MigrationSource } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

/** Migrations of several sources are one sequence. */
export function sourcesCases(fixture: Fixture, { sharedBetweenProcesses }: Capabilities): void {
  describe('sources', () => {
    test('C13 objects and providers are one sequence in the order of names', async () => {
      const migrations: MigrationSource[] = [migrationsOf(some('001_shelf', '003_weight')), some('002_item')];
      const storage = await fixture.apart<ShelfDatabase>({ migrations });
      const names = (await storage.migrator.up()).map(({ name }) => name);
      expect(names).toStrictEqual(['001_shelf', '002_item', '003_weight']);
    });

    test('C13 the order and the number of the sources make no difference afterwards', async () => {
      // The same storage again where another one would not see the database.
      const name = fixture.newName();
      const migrations = [some('002_item', '003_weight'), some('001_shelf')];
      const first = await fixture.apart<ShelfDatabase>({ migrations }, name);
      await first.migrator.up();
      const again = sharedBetweenProcesses
        ? await fixture.apart<ShelfDatabase>({ migrations: shelfMigrations() }, name)
        : first;
      expect(await again.migrator.up()).toStrictEqual([]);
    });

    test('C13 a name that two sources have is refused, and nothing is run', async () => {
      const migrations = [shelfMigrations(), some('001_shelf')];
      const storage = await fixture.apart<ShelfDatabase>({ migrations });
      const refused = await rejection(storage.migrator.up());
      expect(refused).toBeInstanceOf(MigrationError);
      expect(refused).toMatchObject({ migration: '001_shelf', message: expect.stringContaining('source 2') });
    });
  });
}

function some(...names: readonly string[]): ReturnType<typeof shelfMigrations> {
  return Object.fromEntries(Object.entries(shelfMigrations()).filter(([name]) => names.includes(name)));
}
