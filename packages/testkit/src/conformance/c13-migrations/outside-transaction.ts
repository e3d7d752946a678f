import type { StorageMigration } from '@sluice/core';
import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { type ShelfDatabase, shelfMigrations } from './shelf-migrations.js';

interface ExtraDatabase extends ShelfDatabase {
  extra: { id: number };
}

const failure = new Error('half way');

/** Migrations with `transaction: false`. Where the engine has no use for them they are transactions like the others. */
export function outsideTransactionCases(fixture: Fixture, { capabilities }: ConformanceTarget): void {
  const isOutside = capabilities.schemaChangesOutsideTransactions === true;

  describe('outside a transaction', () => {
    test('C13 a migration without a transaction is applied and undone like the others, in their order', async () => {
      const migrations = migrationsOf({
        ...shelfMigrations(),
        '004_extra': addsExtra(),
        '005_after': { up: addColumn, down: async () => {} },
      });
      const storage = await fixture.apart<ExtraDatabase>({ migrations });
      expect((await storage.migrator.up()).map(({ name }) => name)).toStrictEqual([
        '001_shelf',
        '002_item',
        '003_weight',
        '004_extra',
        '005_after',
      ]);
      expect(await storage.migrator.up()).toStrictEqual([]);
      expect(await storage.repository('extra', { key: 'id' }).find()).toStrictEqual([]);
      expect(await storage.migrator.to('003_weight')).toHaveLength(2);
      await expectRefusal(storage.repository('extra', { key: 'id' }).find(), 'unknown_table');
    });

    test('C13 a migration without a transaction that fails is not recorded, and the error tells whether it was undone', async () => {
      let isMended = false;
      const migrations = migrationsOf({
        ...shelfMigrations(),
        '004_extra': addsExtra(() => {
          if (!isMended) throw failure;
        }),
      });
      const storage = await fixture.apart<ExtraDatabase>({ migrations });
      const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(error).toMatchObject({ migration: '004_extra', cause: failure, isUndone: !isOutside });
      expect((await storage.migrator.status()).at(-1)).toStrictEqual({
        name: '004_extra',
        appliedAt: undefined,
      });
      const extra = storage.repository('extra', { key: 'id' });
      if (isOutside) expect(await extra.find()).toStrictEqual([]);
      else await expectRefusal(extra.find(), 'unknown_table');
      isMended = true;
      expect(await storage.migrator.up()).toHaveLength(1);
    });

    test('C13 a statement that fails in a migration without a transaction keeps it from being recorded, also when the error is caught', async () => {
      const swallows: StorageMigration = {
        transaction: false,
        up: async (db: Kysely<ExtraDatabase>) => {
          await db.deleteFrom('extra').execute().catch(ignore);
        },
      };
      const storage = await fixture.apart<ExtraDatabase>({
        migrations: migrationsOf({ '001_swallows': swallows }),
      });
      await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect((await storage.migrator.status())[0]?.appliedAt).toBeUndefined();
    });

    test('C13 a down without a transaction that fails leaves the migration recorded', async () => {
      const fails = { ...addsExtra(), down: () => Promise.reject(failure) };
      const storage = await fixture.apart<ExtraDatabase>({
        migrations: migrationsOf({ '001_extra': fails }),
      });
      await storage.migrator.up();
      const error = await expectRefusal(storage.migrator.down(), 'migration_failed');
      expect(error.isUndone).toBe(!isOutside);
      expect((await storage.migrator.status())[0]?.appliedAt).toBeInstanceOf(Date);
    });

    test('C13 a deadline ends a migration without a transaction, which is not recorded', async () => {
      const stuck = addsExtra(() => new Promise<void>(() => {}));
      const storage = await fixture.apart<ExtraDatabase>({
        migrations: migrationsOf({ '001_stuck': stuck }),
      });
      await expectRefusal(storage.migrator.up({ timeoutMs: 300 }), 'timeout');
      expect((await storage.migrator.status())[0]?.appliedAt).toBeUndefined();
    });

    test('C13 a dry run executes no migration that could not be undone', async () => {
      const storage = await fixture.apart<ExtraDatabase>({
        migrations: migrationsOf({ '001_extra': addsExtra() }),
      });
      if (isOutside) await expectRefusal(storage.migrator.dryRun(), 'migration_failed');
      else expect(await storage.migrator.dryRun()).toHaveLength(1);
      await expectRefusal(storage.repository('extra', { key: 'id' }).find(), 'unknown_table');
    });

    test('C13 `transaction` that is neither true nor false is refused', async () => {
      const wrong = { up: async () => {}, transaction: 'no' } as unknown as StorageMigration;
      const storage = await fixture.apart({ migrations: migrationsOf({ '001_wrong': wrong }) });
      const error = await expectRefusal(storage.migrator.up(), 'migration_failed');
      expect(error.message).toContain('001_wrong');
    });

    test('C13 a migration is told the name of the driver, also in a dry run', async () => {
      const told: string[] = [];
      const tell: StorageMigration['up'] = async (_db, { driver }) => {
        told.push(driver);
      };
      const storage = await fixture.apart({
        migrations: migrationsOf({ '001_told': { up: tell, down: tell } }),
      });
      await storage.migrator.dryRun();
      await storage.migrator.up();
      await storage.migrator.down();
      const { driver } = await storage.health();
      expect(told).toStrictEqual([driver, driver, driver]);
    });

    test('C13 a time that is none is refused', async () => {
      const storage = await fixture.apart<ShelfDatabase>({ migrations: migrationsOf(shelfMigrations()) });
      await expectRefusal(storage.migrator.up({ lockTimeoutMs: -1 }), 'invalid_query');
      await expectRefusal(storage.migrator.up({ statementTimeoutMs: 0 }), 'invalid_query');
      expect(await storage.migrator.up({ lockTimeoutMs: 0, statementTimeoutMs: 60_000 })).toHaveLength(3);
    });

    if (!capabilities.sharedBetweenProcesses) return;

    test('C13 storages that migrate at once apply each migration without a transaction once', async () => {
      const name = fixture.newName();
      const run: string[] = [];
      const storages = await Promise.all(
        Array.from({ length: 4 }, () => {
          const extra = addsExtra(() => {
            run.push('extra');
          });
          return fixture.apart<ExtraDatabase>({ migrations: migrationsOf({ '001_extra': extra }) }, name);
        }),
      );
      const steps = await Promise.all(storages.map((storage) => storage.migrator.up()));
      expect(run).toStrictEqual(['extra']);
      expect(steps.flat()).toHaveLength(1);
    });
  });
}

/** A migration without a transaction that creates the table `extra` and then calls `after`. What a failed attempt left is no hindrance. */
function addsExtra(after: () => void | Promise<void> = () => {}): StorageMigration {
  return {
    transaction: false,
    up: async (db) => {
      await db.schema.createTable('extra').ifNotExists().addColumn('id', 'integer', primaryKey).execute();
      await after();
    },
    down: async (db) => {
      await db.schema.dropTable('extra').execute();
    },
  };
}

async function addColumn(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('extra').addColumn('label', 'text').execute();
}

function primaryKey(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.primaryKey();
}

function ignore(): void {}
