import type { Storage } from '@sluice/core';
import fc from 'fast-check';
import type { ColumnDataType } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { type CellTables, RAW_INSERT, WRITE_WAYS } from '../../fixture/write-ways.js';
import { bytes, CHANGEABLE } from './changeable.js';

/** Arguments are fixed at the call: what the caller changes afterwards is not stored. */
export function argumentsCases(fixture: Fixture): void {
  const withTable = async (type: ColumnDataType): Promise<[Storage<CellTables>, string]> => {
    const storage = fixture.storage as unknown as Storage<CellTables>;
    const table = 'cell';
    await storage.kysely.schema.dropTable(table).ifExists().execute();
    await storage.kysely.schema
      .createTable(table)
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('c', type)
      .execute();
    return [storage, table];
  };

  describe('arguments', () => {
    for (const [way, { needsRow, write }] of Object.entries({ ...WRITE_WAYS, 'a raw insert': RAW_INSERT })) {
      test(`C4 a value that the caller changes after the call is stored as it was: ${way}`, async () => {
        await fc.assert(
          fc.asyncProperty(CHANGEABLE, fc.boolean(), async ({ type, make, change, read }, isKnown) => {
            const [storage, table] = await withTable(type);
            const cells = storage.repository(table, { key: 'id' });
            // Where the table is not known yet, the call is made when it has been read.
            if (isKnown) await cells.count();
            if (needsRow) await cells.insert({ id: 5 });
            const given = make();
            await write(storage, table, { id: 5, c: given }, () => change(given as never));
            expect((await cells.getOrThrow(5)).c).toStrictEqual(read);
          }),
          { numRuns: 10 },
        );
      });
    }

    test('C4 one buffer that is used again for each insert, without awaiting any, is stored as it was each time', async () => {
      const [storage, table] = await withTable('bytea');
      const cells = storage.repository(table, { key: 'id' });
      const shared = new Uint8Array(4);
      const work = Array.from({ length: 5 }, (_, id) => {
        shared.fill(id);
        return cells.insert({ id, c: shared });
      });
      const stored = await Promise.all(work);
      const firstBytes = (rows: readonly { c?: unknown }[]) => rows.map(({ c }) => (c as Uint8Array)[0]);
      expect(firstBytes(stored)).toStrictEqual([0, 1, 2, 3, 4]);
      expect(firstBytes(await cells.find({ orderBy: { id: 'asc' } }))).toStrictEqual([0, 1, 2, 3, 4]);
    });

    for (const batchSize of [10, 1400]) {
      test(`C4 one row object that a source yields again and again is loaded as it was, ${batchSize} rows at a time`, async () => {
        const [storage, table] = await withTable('bytea');
        const cells = storage.repository(table, { key: 'id' });
        const row = { id: 0, c: new Uint8Array(1) };
        const source = function* () {
          for (let id = 0; id < 1500; id += 1) {
            row.id = id;
            row.c.fill(id % 200);
            yield row;
          }
        };
        await cells.load(source(), { batchSize });
        const wrong = (await cells.find()).filter(({ id, c }) => (c as Uint8Array)[0] !== id % 200);
        expect([await cells.count(), wrong]).toStrictEqual([1500, []]);
      });
    }

    test('C4 the rows of a long insertMany that the caller changes or removes afterwards are stored as they were', async () => {
      const [storage, table] = await withTable('jsonb');
      const cells = storage.repository(table, { key: 'id' });
      const rows = Array.from({ length: 2500 }, (_, id) => ({ id, c: { list: [id] } as unknown }));
      const work = cells.insertMany(rows);
      for (const row of rows) {
        (row.c as { list: number[] }).list.push(7);
        row.id += 10_000;
        row.c = null;
      }
      rows.length = 1200;
      expect(await work).toBe(2500);
      const wrong = (await cells.find()).filter(({ id, c }) => JSON.stringify(c) !== `{"list":[${id}]}`);
      expect(wrong).toStrictEqual([]);
    });

    test('C4 a key that the caller changes after the call is the one that was given', async () => {
      const storage = fixture.storage as unknown as Storage<Record<string, { k: Uint8Array; c: number }>>;
      await storage.kysely.schema.dropTable('keyed').ifExists().execute();
      await storage.kysely.schema
        .createTable('keyed')
        .addColumn('k', 'bytea', (column) => column.primaryKey())
        .addColumn('c', 'integer', (column) => column.notNull())
        .execute();
      const keyed = storage.repository('keyed', { key: 'k' });
      const calls: Readonly<Record<string, (key: Uint8Array) => Promise<unknown>>> = {
        get: async (key) => (await keyed.get(key))?.c,
        getMany: async (key) => (await keyed.getMany([key]))[0]?.c,
        has: async (key) => ((await keyed.has(key)) ? 1 : 0),
        update: async (key) => (await keyed.update(key, { c: 1 }))?.c,
        upsert: async (key) => (await keyed.upsert({ k: key, c: 1 })).k[0],
        delete: async (key) => ((await keyed.delete(key)) ? 1 : 0),
      };
      await keyed.insert({ k: bytes([1]), c: 1 });
      for (const [name, call] of Object.entries(calls)) {
        const key = bytes([1]);
        const work = call(key);
        key.fill(2);
        expect([name, await work]).toStrictEqual([name, 1]);
      }
      expect(await keyed.count()).toBe(0);
    });

    test('C4 operands that the caller changes after the call are looked for as they were', async () => {
      const [storage, table] = await withTable('bytea');
      const cells = storage.repository(table, { key: 'id' });
      await cells.insertMany([
        { id: 1, c: bytes([1]) },
        { id: 2, c: bytes([2]) },
      ]);
      const plain = storage.kysely.selectFrom(table).selectAll();
      const looks: Readonly<Record<string, (value: Uint8Array) => Promise<unknown>>> = {
        find: (value) => cells.find({ where: { c: value } }),
        'find in': (value) => cells.find({ where: { c: { in: [value] } } }),
        'find with a callback': (value) => cells.find({ where: (eb) => eb('c', '=', value) }),
        stream: (value) => collect(cells.stream({ where: { c: value } })),
        'plain where': (value) => plain.where('c', '=', value).execute(),
        'plain in': (value) => plain.where('c', 'in', [value]).execute(),
      };
      for (const [name, look] of Object.entries(looks)) {
        const value = bytes([1]);
        const found = look(value);
        value.fill(2);
        expect([name, await found]).toStrictEqual([name, [{ id: 1, c: bytes([1]) }]]);
      }
    });

    test('C4 an operand of a read that waits in a transaction is looked for as it was', async () => {
      const [storage, table] = await withTable('bytea');
      await storage.repository(table, { key: 'id' }).insert({ id: 1, c: bytes([1]) });
      const found = await storage.read(async (tx) => {
        const cells = tx.repository(table, { key: 'id' });
        const value = bytes([1]);
        const both = Promise.all([cells.count(), cells.find({ where: { c: value } })]);
        value.fill(2);
        return (await both)[1];
      });
      expect(found).toStrictEqual([{ id: 1, c: bytes([1]) }]);
    });

    test('C4 conditions that the caller changes after the call are those that were given', async () => {
      const [storage, table] = await withTable('integer');
      const cells = storage.repository(table, { key: 'id' });
      await cells.insertMany(Array.from({ length: 5 }, (_, id) => ({ id, c: id })));
      const calls: Readonly<Record<string, (where: { c: { in: number[] } }) => Promise<unknown>>> = {
        find: async (where) => (await cells.find({ where })).length,
        stream: async (where) => (await collect(cells.stream({ where }))).length,
        count: (where) => cells.count({ where }),
        updateMany: (where) => cells.updateMany({ where }, { c: 1 }),
        deleteMany: (where) => cells.deleteMany({ where }),
      };
      for (const [name, call] of Object.entries(calls)) {
        const where = { c: { in: [1] } };
        const work = call(where);
        where.c.in.push(2, 3, 4);
        expect([name, await work]).toStrictEqual([name, 1]);
      }
    });
  });
}
