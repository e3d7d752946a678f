import type { Capabilities } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { closeInTime, type Fixture } from '../../fixture/fixture.js';
import { waitUntil } from '../../fixture/rendezvous.js';
import type { SuiteDatabase, SuiteStorage } from '../../fixture/schema/suite-database.js';

/** Opening repeatedly and concurrently. */
export function openingCases(fixture: Fixture, capabilities: Capabilities): void {
  describe('opening', () => {
    test('C12 a new database is empty, and healthy', async () => {
      const storage = await fixture.apart();
      expect(await storage.kysely.introspection.getTables()).toStrictEqual([]);
      expect(await storage.health()).toMatchObject({ isHealthy: true });
    });

    test('C12 opening and closing a storage changes nothing', async () => {
      for (let round = 0; round < 3; round += 1) await closeInTime(await fixture.apart());
    });

    test('C12 await using closes a storage at the end of its block', async () => {
      let leftOpen: SuiteStorage;
      {
        await using storage = await fixture.migrated();
        leftOpen = storage;
        expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
      }
      await expect(leftOpen.repository('account', { key: 'name' }).count()).rejects.toMatchObject({
        code: 'closed',
      });
    });

    if (!capabilities.sharedBetweenProcesses) {
      test('C12 storages on a database that is not shared, as declared, are apart: closing one leaves the other', async () => {
        const name = fixture.newName();
        const [first, second] = await Promise.all([fixture.migrated({}, name), fixture.migrated({}, name)]);
        await first.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        await closeInTime(first);
        expect(await second.repository('account', { key: 'name' }).count()).toBe(0);
      });
    }

    if (capabilities.sharedBetweenProcesses) {
      test('C12 ten storages opened at once on one new database all work', async () => {
        const name = fixture.newName();
        const storages = await Promise.all(Array.from({ length: 10 }, () => fixture.migrated({}, name)));
        await Promise.all(
          storages.map((storage, balance) =>
            storage.repository('account', { key: 'name' }).insert({ name: `n${balance}`, balance }),
          ),
        );
        for (const storage of storages)
          expect(await storage.repository('account', { key: 'name' }).count()).toBe(10);
      });

      test('C12 closing one storage leaves others on the same database open', async () => {
        const second = await fixture.another();
        await second.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        await closeInTime(second);
        await fixture.storage.repository('account', { key: 'name' }).update('a', { balance: 2 });
        expect(await fixture.storage.repository('account', { key: 'name' }).count()).toBe(1);
      });
    }

    test('C12 a storage that is opened and closed many times leaves no handle behind', async () => {
      const name = fixture.newName();
      const cycle = async (): Promise<void> => {
        const storage = await fixture.apart<SuiteDatabase>({}, name);
        await storage.kysely.introspection.getTables();
        await storage.read(async (tx) => tx.kysely.introspection.getTables());
        await closeInTime(storage);
      };
      await cycle();
      const handles = (): number => process.getActiveResourcesInfo().length;
      const before = handles();
      for (let round = 0; round < ROUNDS; round += 1) await cycle();
      await waitUntil('the handles of closed storages are gone', () => handles() <= before + 2);
    });
  });
}

/** Enough rounds to show a leak of one handle for each. Few enough for an engine that takes half a second to open. */
const ROUNDS = 6;
