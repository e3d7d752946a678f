import type { Storage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { recordingDriver, rolledBack, temporaryStorage } from '@sluice/testkit';
import { type Kysely, sql } from 'kysely';
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

const driver = postgres();
const pets = (storage: Pick<Storage<DB>, 'repository'>) => storage.repository('pet', { key: 'id' });

async function nameOf(storage: Storage<DB>): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(storage.kysely);
  return rows[0]?.name;
}

test('temporaryStorage gives each caller a copy of one template database, migrated and seeded once', async () => {
  const [first, second] = await Promise.all([
    temporaryStorage<DB>({ driver, migrations, seed }),
    temporaryStorage<DB>({ driver, migrations, seed }),
  ]);
  expect(await nameOf(first)).not.toBe(await nameOf(second));
  await pets(first).insert({ id: 2, name: 'Tom' });
  expect(await pets(first).count()).toBe(2);
  expect(await pets(second).find()).toEqual([{ id: 1, name: 'Rex' }]);
  expect(await second.migrator.status()).toMatchObject([{ name: '1' }]);
  expect(seeded).toBe(1);
});

test('temporaryStorage makes another template for another seed', async () => {
  const storage = await temporaryStorage<DB>({ driver, migrations });
  expect(await pets(storage).find()).toEqual([]);
});

test('temporaryStorage rejects with what the seed threw', async () => {
  const failing = temporaryStorage<DB>({
    driver,
    migrations,
    seed: async () => {
      throw new Error('no seed');
    },
  });
  await expect(failing).rejects.toThrow('no seed');
});

test('rolledBack and recordingDriver work on PostgreSQL as they do on SQLite', async () => {
  const recording = recordingDriver(driver);
  const storage = await temporaryStorage<DB>({ driver: recording.driver, migrations, seed });
  recording.clear();
  const count = await rolledBack(storage, async (tx) => {
    await pets(tx).insert({ id: 2, name: 'Tom' });
    return pets(tx).count();
  });
  expect([count, await pets(storage).count()]).toEqual([2, 1]);
  expect(recording.statements.map(({ sql: text }) => text.slice(0, 6))).toEqual([
    'insert',
    'select',
    'select',
  ]);
});
