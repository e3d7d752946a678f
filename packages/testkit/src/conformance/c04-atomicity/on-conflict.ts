import { increment } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** Rows whose key exists are left out, or update the row that is there. */
export function onConflictCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const rules = () => fixture.storage.repository('rule', { key: 'id' });
  const placements = () => fixture.storage.repository('placement', { key: ['shelf', 'slot'] });
  const rowsOf = (count: number, balance: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `n${index}`, balance }));

  describe('rows whose key exists', () => {
    test('C4 insertMany leaves out rows whose key exists, with onConflict ignore', async () => {
      await accounts().insert({ name: 'n1', balance: 7 });
      expect(await accounts().insertMany(rowsOf(3, 0), { onConflict: 'ignore' })).toBe(2);
      expect(await accounts().insertMany(rowsOf(3, 0), { onConflict: 'ignore' })).toBe(0);
      expect(await accounts().find({ orderBy: { name: 'asc' } })).toStrictEqual([
        { name: 'n0', balance: 0 },
        { name: 'n1', balance: 7 },
        { name: 'n2', balance: 0 },
      ]);
    });

    test('C4 onConflict ignore leaves out no row that violates something else', async () => {
      const rows = [
        { id: 1, low: 1, high: 2, name: 'a' },
        { id: 2, low: 3, high: 2, name: 'b' },
      ];
      await expectRefusal(rules().insertMany(rows, { onConflict: 'ignore' }), 'check_violation');
      const unnamed = [{ id: 3, low: 1, high: 2, name: null as never }];
      await expectRefusal(rules().insertMany(unnamed, { onConflict: 'ignore' }), 'not_null_violation');
      expect(await rules().count()).toBe(0);
    });

    test('C4 onConflict ignore counts every unique key', async () => {
      await fixture.storage.repository('author', { key: 'id' }).insert({ id: 1, name: 'Ada' });
      const books = fixture.storage.repository('book', { key: 'id' });
      const book = { author_id: 1, title: 'T', shelf: 1 };
      await books.insert({ ...book, id: 1, isbn: 'x', slot: 1 });
      const rows = [
        { ...book, id: 2, isbn: 'x', slot: 2 },
        { ...book, id: 3, isbn: 'y', slot: 1 },
        { ...book, id: 4, isbn: null, slot: 4 },
      ];
      expect(await books.insertMany(rows, { onConflict: 'ignore' })).toBe(1);
      expect((await books.find({ orderBy: { id: 'asc' } })).map(({ id }) => id)).toStrictEqual([1, 4]);
      await expectRefusal(books.upsertMany([{ ...book, id: 5, isbn: 'x', slot: 5 }]), 'unique_violation');
    });

    test('C4 upsertMany inserts and overwrites, all or nothing', async () => {
      await rules().insertMany([
        { id: 1, low: 1, high: 5, name: 'one' },
        { id: 2, low: 1, high: 5, name: 'two' },
      ]);
      const rows = [1, 2, 3].map((id) => ({ id, low: 0, high: id, name: `new ${id}` }));
      expect(await rules().upsertMany(rows)).toBe(3);
      expect(await rules().find({ orderBy: { id: 'asc' } })).toStrictEqual(rows);
      const some = [1, 4].map((id) => ({ id, low: 1, high: 9, name: 'x' }));
      expect(await rules().upsertMany(some, { update: ['high'] })).toBe(2);
      expect(await rules().getMany([1, 4])).toStrictEqual([
        { id: 1, low: 0, high: 9, name: 'new 1' },
        some[1],
      ]);
      await expectRefusal(
        rules().upsertMany([
          { id: 1, low: 1, high: 9, name: 'never' },
          { id: 9, low: 9, high: 1, name: 'never' },
        ]),
        'check_violation',
      );
      expect(await rules().count({ where: { name: 'never' } })).toBe(0);
    });

    test('C4 rows with one key in one call find what the ones before them stored', async () => {
      const rows = [
        { name: 'a', balance: 1 },
        { name: 'b', balance: 1 },
        { name: 'a', balance: 2 },
        { name: 'a', balance: 3 },
        { name: 'b', balance: 2 },
      ];
      expect(await accounts().upsertMany(rows)).toBe(5);
      expect(await accounts().find({ orderBy: { name: 'asc' } })).toStrictEqual([
        { name: 'a', balance: 3 },
        { name: 'b', balance: 2 },
      ]);
      await accounts().upsertMany(rows, { update: { balance: increment(10) } });
      expect(await accounts().find({ orderBy: { name: 'asc' } })).toStrictEqual([
        { name: 'a', balance: 33 },
        { name: 'b', balance: 22 },
      ]);
      expect(
        await accounts().insertMany([...rows, { name: 'c', balance: 1 }, { name: 'c', balance: 2 }], {
          onConflict: 'ignore',
        }),
      ).toBe(1);
      expect(await accounts().get('c')).toStrictEqual({ name: 'c', balance: 1 });
    });

    test('C4 more rows than one statement takes are upserted in one piece', async () => {
      await accounts().insertMany(rowsOf(1_500, 1));
      expect(await accounts().upsertMany(rowsOf(2_500, 2))).toBe(2_500);
      expect(await accounts().count({ where: { balance: 2 } })).toBe(2_500);
      expect(
        await fixture.storage.write((tx) =>
          tx.repository('account', { key: 'name' }).insertMany(rowsOf(2_600, 3), { onConflict: 'update' }),
        ),
      ).toBe(2_600);
      expect(await accounts().count({ where: { balance: 3 } })).toBe(2_600);
    });

    test('C4 load leaves out, or updates, rows whose key exists', async () => {
      await accounts().insertMany(rowsOf(10, 1));
      const ignoring = await accounts().load(rowsOf(25, 2), { batchSize: 10, onConflict: 'ignore' });
      expect(ignoring).toMatchObject({ rows: 15, batches: 3 });
      const updating = await accounts().load(rowsOf(25, 3), {
        batchSize: 10,
        onConflict: { update: { balance: increment(100) } },
      });
      expect(updating).toMatchObject({ rows: 25, batches: 3 });
      expect(await accounts().count({ where: { balance: 101 } })).toBe(10);
      expect(await accounts().count({ where: { balance: 102 } })).toBe(15);
    });

    test('C4 an upsert changes an existing row by a number', async () => {
      const hit = (slot: number) =>
        placements().upsert({ shelf: 1, slot, label: 'new' }, { update: { label: 'again' } });
      expect(await hit(1)).toMatchObject({ label: 'new' });
      expect(await hit(1)).toMatchObject({ label: 'again' });
      const count = (balance: number) =>
        accounts().upsert({ name: 'x', balance }, { update: { balance: increment(balance) } });
      await Promise.all([1, 2, 3, 4].map(count));
      expect(await accounts().get('x')).toStrictEqual({ name: 'x', balance: 10 });
    });

    test('C4 what onConflict does not know is refused before anything is stored', async () => {
      const row = { name: 'a', balance: 1 };
      for (const onConflict of ['replace', {}, { update: ['balance'], where: {} }, 5, null])
        await expectRefusal(accounts().insertMany([row], { onConflict } as never), 'invalid_query');
      await expectRefusal(accounts().upsertMany([row], { update: ['nobody'] as never }), 'unknown_column');
      await expectRefusal(
        accounts().upsert(row, { update: { balance: (() => 1) as never } }),
        'invalid_query',
      );
      await expectRefusal(placements().upsertMany([{ shelf: 1, label: 'x' } as never]), 'invalid_key');
      expect(await accounts().count()).toBe(0);
    });
  });
}
