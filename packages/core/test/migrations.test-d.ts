import { openStorage, type StorageMigration } from '@sluice/core';
import type { Kysely } from 'kysely';
import type { FileMigrationProvider, Migration } from 'kysely/migration';
import { describe, expectTypeOf, it } from 'vitest';

declare const kyselys: FileMigrationProvider;

describe('migrations', () => {
  it('come from a folder, from a provider of ours or from one of Kysely', () => {
    const options = { url: 'sqlite:./app.db', drivers: [] };
    openStorage({ ...options, migrations: new URL('file:///migrations/') });
    openStorage({ ...options, migrations: kyselys });
    openStorage({
      ...options,
      migrations: { getMigrations: async () => ({ a: { up: async () => {}, transaction: false } }) },
    });
    openStorage({ ...options, migrations: './migrations' });
    openStorage({ ...options, migrations: { '0001': { up: async () => {} } } });
    openStorage({
      ...options,
      migrations: ['./a', new URL('file:///b/'), kyselys, { '0001': { up: async () => {} } }],
    });
    // @ts-expect-error a migration has `up`
    openStorage({ ...options, migrations: ['./a', { '0001': { down: async () => {} } }] });
    const wrong = { getMigrations: async () => ({ a: { up: async () => {}, transaction: 'no' } }) };
    // @ts-expect-error `transaction` is true or false
    openStorage({ ...options, migrations: wrong });
    expectTypeOf<Migration>().toExtend<StorageMigration>();
  });

  it('get a database of any type, and the driver', () => {
    const migration: StorageMigration = {
      up: async (db: Kysely<{ t: { id: number } }>, { driver }) => {
        expectTypeOf(driver).toEqualTypeOf<string>();
        await db.deleteFrom('t').execute();
      },
    };
    expectTypeOf(migration.transaction).toEqualTypeOf<boolean | undefined>();
  });

  it('take their time limits by call', async () => {
    const { migrator } = await openStorage({ url: 'sqlite:./app.db', drivers: [] });
    migrator.up({ lockTimeoutMs: 0, statementTimeoutMs: 1000, timeoutMs: 60_000 });
    migrator.to('0001', { lockTimeoutMs: 500 });
    // @ts-expect-error reads only the records
    migrator.status({ lockTimeoutMs: 500 });
  });
});
