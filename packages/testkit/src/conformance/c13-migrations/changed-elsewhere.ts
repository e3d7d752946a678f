import type { Storage } from '@sluice/core';
import { type ColumnDataType, type Kysely, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';
import { type CellTables, WRITE_WAYS } from '../../fixture/write-ways.js';

/** A column that is added, with a value that only its own type stores as the contract says. */
const ADDED: readonly (readonly [type: ColumnDataType, given: unknown, read: unknown])[] = [
  ['text', 'word', 'word'],
  ['boolean', true, true],
  ['bigint', 7, 7n],
  ['numeric(10, 2)', '1.5', '1.50'],
  ['timestamptz', new Date(1001), new Date(1001)],
  ['uuid', 'ABCDEF00-0000-4000-8000-000000000000', 'abcdef00-0000-4000-8000-000000000000'],
  ['jsonb', 'text', 'text'],
  ['bytea', new Uint8Array([1, 2]), new Uint8Array([1, 2])],
];

/** A column whose type is changed, with a value that it could not store before, or not in this form. */
const CHANGED: readonly (readonly [from: ColumnDataType, to: ColumnDataType, given: unknown])[] = [
  ['varchar(3)', 'varchar(10)', 'abcdef'],
  ['numeric(4, 1)', 'numeric(10, 4)', '123456.7891'],
  ['integer', 'bigint', 2n ** 40n],
  ['integer', 'text', 'word'],
];

/** Another process changes tables while a storage is open and its statements are warm. */
export function changedElsewhereCases(fixture: Fixture): void {
  /** Two storages on one database; the second one makes tables and changes them. */
  const two = async (): Promise<[Storage<CellTables>, Storage<CellTables>]> => {
    const name = fixture.newName();
    return [await fixture.apart<CellTables>({}, name), await fixture.apart<CellTables>({}, name)];
  };

  describe('changed elsewhere', () => {
    for (const [type, given, read] of ADDED) {
      test(`C13 a column of type ${type} that another process adds is written and read in every way`, async () => {
        const [storage, other] = await two();
        for (const [index, [way, { needsRow, write }]] of Object.entries(WRITE_WAYS).entries()) {
          const table = `thing_${index}`;
          await create(other.kysely, table);
          await warm(storage, table);
          await other.kysely.schema.alterTable(table).addColumn('c', type).execute();
          if (needsRow) await other.repository(table, { key: 'id' }).insert({ id: 5 });
          await write(storage, table, { id: 5, c: given }, () => {});
          expect([way, await cellOf(other, table)]).toStrictEqual([way, read]);
          expect([way, await cellOf(storage, table)]).toStrictEqual([way, read]);
        }
      });
    }

    for (const [from, to, given] of CHANGED) {
      test(`C13 a column that another process changes from ${from} to ${to} is written in every way`, async () => {
        const ways = Object.entries(WRITE_WAYS);
        const change = (table: string) => async (db: Kysely<unknown>) =>
          db.schema
            .alterTable(table)
            .alterColumn('c', (column) => column.setDataType(to))
            .execute();
        const migrations = migrationsOf({
          '000': {
            up: async (db) => {
              for (const [index] of ways.entries()) await create(db, `thing_${index}`, from);
            },
          },
          ...Object.fromEntries(ways.map((_, index) => [step(index), { up: change(`thing_${index}`) }])),
        });
        const name = fixture.newName();
        const other = await fixture.apart<CellTables>({ migrations, backupBeforeMigrating: false }, name);
        await other.migrator.to('000');
        const storage = await fixture.apart<CellTables>({}, name);
        for (const [index, [way, { needsRow, write }]] of ways.entries()) {
          const table = `thing_${index}`;
          await warm(storage, table);
          await other.migrator.to(step(index));
          if (needsRow) await other.repository(table, { key: 'id' }).insert({ id: 5 });
          await write(storage, table, { id: 5, c: given }, () => {});
          expect([way, await cellOf(other, table)]).toStrictEqual([way, given]);
          expect([way, await cellOf(storage, table)]).toStrictEqual([way, given]);
        }
      });
    }

    test('C13 a column that another process adds is found by conditions and orders of every kind', async () => {
      const reads: Readonly<
        Record<string, (storage: Storage<CellTables>, table: string) => Promise<unknown>>
      > = {
        find: (storage, table) => storage.repository(table, { key: 'id' }).find({ where: { c: '1.5' } }),
        count: (storage, table) => storage.repository(table, { key: 'id' }).count({ where: { c: '1.5' } }),
        page: (storage, table) =>
          storage.repository(table, { key: 'id' }).page({ orderBy: { c: 'asc' }, size: 1 }),
        stream: (storage, table) =>
          collect(storage.repository(table, { key: 'id' }).stream({ where: { c: { gte: '1.5' } } })),
        'find in a read': (storage, table) =>
          storage.read((tx) => tx.repository(table, { key: 'id' }).find({ orderBy: { c: 'asc' } })),
        'where callback': (storage, table) =>
          storage.repository(table, { key: 'id' }).find({ where: (eb) => eb('c', '=', '1.5') }),
        'plain where': ({ kysely }, table) =>
          kysely.selectFrom(table).selectAll().where('c', '=', '1.5').execute(),
        'plain stream': ({ kysely }, table) =>
          collect(kysely.selectFrom(table).selectAll().where('c', 'in', ['1.5']).stream()),
        deleteMany: (storage, table) =>
          storage.repository(table, { key: 'id' }).deleteMany({ where: { c: '1.5' } }),
      };
      const [storage, other] = await two();
      for (const [index, [way, read]] of Object.entries(reads).entries()) {
        const table = `thing_${index}`;
        await create(other.kysely, table);
        await warm(storage, table);
        await other.kysely.schema.alterTable(table).addColumn('c', 'numeric(10, 2)').execute();
        await other.repository(table, { key: 'id' }).insert({ id: 5, c: '1.50' });
        const found = await read(storage, table);
        const rows = [{ id: 5, c: '1.50' }];
        const expected =
          way === 'page' ? { rows, nextCursor: expect.anything() } : /count|delete/.test(way) ? 1 : rows;
        if (way === 'find in a read') expect([way, (found as unknown[])[0]]).toStrictEqual([way, rows[0]]);
        else expect([way, found]).toStrictEqual([way, expected]);
      }
    });

    test('C13 an inserted row has the default of a column that another process added', async () => {
      const [storage, other] = await two();
      await create(other.kysely, 'thing', 'integer');
      await warm(storage, 'thing');
      await other.kysely.schema
        .alterTable('thing')
        .addColumn('added_later', 'integer', (column) => column.defaultTo(7))
        .execute();
      const things = storage.repository('thing', { key: 'id' });
      expect(await things.insert({ id: 5, c: 1 })).toStrictEqual({ id: 5, c: 1, added_later: 7 });
      expect(await things.get(5)).toStrictEqual({ id: 5, c: 1, added_later: 7 });
    });

    test('C13 with camelCase names, a row has a column that another process added and none that it dropped', async () => {
      const name = fixture.newName();
      const storage = await fixture.apart<CellTables>({ camelCase: true }, name);
      const other = await fixture.apart<CellTables>({}, name);
      await create(other.kysely, 'thing', 'integer');
      await warm(storage, 'thing');
      await other.kysely.schema.alterTable('thing').addColumn('added_later', 'integer').execute();
      await other.kysely.schema.alterTable('thing').dropColumn('c').execute();
      const things = storage.repository('thing', { key: 'id' });
      expect(await things.get(0)).toStrictEqual({ id: 0, addedLater: null });
      expect(await things.find()).toStrictEqual([{ id: 0, addedLater: null }]);
    });

    test('C13 a column that another process drops or renames is refused by name, and nothing is executed', async () => {
      const [storage, other] = await two();
      await create(other.kysely, 'thing', 'integer');
      const things = storage.repository('thing', { key: 'id' });
      await warm(storage, 'thing');
      await other.kysely.schema.alterTable('thing').renameColumn('c', 'd').execute();
      await expectRefusal(things.insert({ id: 5, c: 1 }), 'unknown_column');
      await expectRefusal(things.find({ where: { c: 1 } }), 'unknown_column');
      await expectRefusal(
        storage.write((tx) => tx.repository('thing', { key: 'id' }).update(0, { c: 1 })),
        'unknown_column',
      );
      expect(await things.insert({ id: 6, d: 1 } as never)).toStrictEqual({ id: 6, d: 1 });
      expect(await things.count()).toBe(2);
    });

    test('C13 a table that another process drops and makes anew is read and written by its new types', async () => {
      const [storage, other] = await two();
      for (const [index, [way, { needsRow, write }]] of Object.entries(WRITE_WAYS).entries()) {
        const table = `thing_${index}`;
        await create(other.kysely, table, 'integer');
        await warm(storage, table);
        await other.kysely.schema.dropTable(table).execute();
        await create(other.kysely, table, 'boolean');
        if (needsRow) await other.repository(table, { key: 'id' }).insert({ id: 5 });
        await write(storage, table, { id: 5, c: true }, () => {});
        expect([way, await cellOf(storage, table)]).toStrictEqual([way, true]);
      }
    });

    test('C13 a table that is made while a storage is open is written in every way', async () => {
      const [storage, other] = await two();
      for (const [index, [way, { needsRow, write }]] of Object.entries(WRITE_WAYS).entries()) {
        const table = `thing_${index}`;
        await create(other.kysely, table, 'uuid');
        if (needsRow) await other.repository(table, { key: 'id' }).insert({ id: 5 });
        await write(storage, table, { id: 5, c: 'ABCDEF00-0000-4000-8000-000000000000' }, () => {});
        const read = 'abcdef00-0000-4000-8000-000000000000';
        expect([way, await cellOf(storage, table)]).toStrictEqual([way, read]);
      }
    });

    test('C13 many transactions at once meet a table that was made meanwhile, and none waits for another', async () => {
      const [storage, other] = await two();
      await create(other.kysely, 'thing', 'integer');
      await Promise.all(
        Array.from({ length: 40 }, (_, id) =>
          storage.write(async (tx) => {
            await tx.kysely.selectNoFrom(sql`1`.as('one')).execute();
            await tx.repository('thing', { key: 'id' }).insert({ id, c: id });
          }),
        ),
      );
      expect(await storage.repository('thing', { key: 'id' }).count()).toBe(40);
    });

    test('C13 what a transaction changes in the schema is known in it, and after its rollback no more', async () => {
      const [storage, other] = await two();
      await create(other.kysely, 'thing');
      await warm(storage, 'thing');
      const undone = new Error('undone');
      const work = storage.write(async (tx) => {
        await tx.kysely.schema.alterTable('thing').addColumn('c', 'boolean').execute();
        expect(await tx.repository('thing', { key: 'id' }).update(0, { c: true })).toStrictEqual({
          id: 0,
          c: true,
        });
        throw undone;
      });
      await expect(work).rejects.toBe(undone);
      const things = storage.repository('thing', { key: 'id' });
      await expectRefusal(things.update(0, { c: true }), 'unknown_column');
      expect(await things.get(0)).toStrictEqual({ id: 0 });
      await storage.kysely.schema.alterTable('thing').addColumn('c', 'text').execute();
      expect(await things.update(0, { c: 'now' })).toStrictEqual({ id: 0, c: 'now' });
    });
  });
}

async function create(
  db: Kysely<never> | Kysely<CellTables> | Kysely<unknown>,
  table: string,
  c?: ColumnDataType,
) {
  const created = (db as Kysely<unknown>).schema
    .createTable(table)
    .addColumn('id', 'integer', (column) => column.primaryKey());
  await (c === undefined ? created : created.addColumn('c', c)).execute();
}

/** Runs the statements of a table often enough that they are prepared wherever that is done. */
async function warm(storage: Storage<CellTables>, table: string): Promise<void> {
  const rows = storage.repository(table, { key: 'id' });
  await rows.insert({ id: 0 });
  for (let times = 0; times < 5; times += 1) {
    await rows.get(0);
    await rows.find();
    await storage.kysely.selectFrom(table).selectAll().execute();
  }
}

async function cellOf(storage: Storage<CellTables>, table: string): Promise<unknown> {
  return (await storage.repository(table, { key: 'id' }).getOrThrow(5)).c;
}

/** The name of the migration that changes a table. */
function step(index: number): string {
  return String(index + 1).padStart(3, '0');
}
