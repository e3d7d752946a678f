import { ConflictError, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { faultyDriver, recordingDriver, rolledBack, temporaryStorage, testClock } from '@sluice/testkit';
import type { Kysely } from 'kysely';
import { expect, test } from 'vitest';

interface DB {
  pet: { id: number; name: string };
}

const migrations = {
  getMigrations: async () => ({
    '1': {
      up: async (db: Kysely<unknown>) => {
        await db.schema
          .createTable('pet')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('name', 'text', (column) => column.notNull())
          .execute();
      },
    },
  }),
};

let seeded = 0;
const seed = async (storage: Storage<DB>): Promise<void> => {
  seeded += 1;
  await storage.repository('pet', { key: 'id' }).insert({ id: 1, name: 'Rex' });
};

const driver = sqlite();
const pets = (storage: Pick<Storage<DB>, 'repository'>) => storage.repository('pet', { key: 'id' });

test('temporaryStorage gives each caller a migrated and seeded database of its own, made once', async () => {
  const [first, second] = await Promise.all([
    temporaryStorage<DB>({ driver, migrations, seed }),
    temporaryStorage<DB>({ driver, migrations, seed }),
  ]);
  await pets(first).insert({ id: 2, name: 'Tom' });
  expect(await pets(first).count()).toBe(2);
  expect(await pets(second).find()).toEqual([{ id: 1, name: 'Rex' }]);
  expect(seeded).toBe(1);
});

test('temporaryStorage refuses a driver whose databases it does not know', async () => {
  const other = { ...driver, name: 'other', schemes: ['other'] };
  await expect(temporaryStorage({ driver: other })).rejects.toThrow('neither sqlite: nor postgres:');
});

test('rolledBack gives the result and undoes the rest, and lets errors through', async () => {
  const storage = await temporaryStorage<DB>({ driver, migrations, seed });
  const count = await rolledBack(storage, async (tx) => {
    await pets(tx).insert({ id: 2, name: 'Tom' });
    return pets(tx).count();
  });
  expect([count, await pets(storage).count()]).toEqual([2, 1]);
  await expect(rolledBack(storage, (tx) => pets(tx).insert({ id: 1, name: 'Rex' }))).rejects.toMatchObject({
    code: 'unique_violation',
  });
});

test('recordingDriver tells what was run, in transactions and outside', async () => {
  const recording = recordingDriver(driver);
  const storage = await temporaryStorage<DB>({ driver: recording.driver, migrations, seed });
  recording.clear();
  await pets(storage).get(1);
  await storage.write((tx) => pets(tx).update(1, { name: 'Max' }));
  expect(recording.statements.map(({ sql }) => sql.slice(0, 6))).toEqual(['select', 'update']);
});

test('faultyDriver fails the statement or the commit it is told to, and what was not committed is undone', async () => {
  const faulty = faultyDriver(driver);
  const storage = await temporaryStorage<DB>({ driver: faulty.driver, migrations, seed });
  faulty.inject({ at: 'commit', times: 2, error: new ConflictError('busy', 'made up') });
  let runs = 0;
  await storage.write(async (tx) => {
    runs += 1;
    await pets(tx).insert({ id: 2, name: 'Tom' });
  });
  expect([runs, await pets(storage).count()]).toEqual([3, 2]);
  faulty.inject({ at: ({ sql }) => sql.startsWith('delete'), error: new Error('no') });
  await expect(pets(storage).delete(1)).rejects.toThrow('no');
  expect(await pets(storage).delete(1)).toBe(true);
});

test('testClock stands still, moves, and goes back', () => {
  const clock = testClock(new Date('2024-02-28T23:59:59Z'));
  clock.advance(1_000);
  expect(clock.now().toISOString()).toBe('2024-02-29T00:00:00.000Z');
  clock.advance(-2_000);
  expect(clock.now().toISOString()).toBe('2024-02-28T23:59:58.000Z');
});
