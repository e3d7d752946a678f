import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** Calls that change one row, or the rows that match a condition. */
export function singleRowCases(fixture: Fixture): void {
  const placements = () => fixture.storage.repository('placement', { key: ['shelf', 'slot'] });
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const rules = () => fixture.storage.repository('rule', { key: 'id' });

  describe('rows', () => {
    test('C4 get, has and getOrThrow report whether there is a row', async () => {
      await placements().insert({ shelf: 1, slot: 2, label: 'x' });
      expect(await placements().get({ shelf: 1, slot: 2 })).toStrictEqual({ shelf: 1, slot: 2, label: 'x' });
      expect(await placements().get({ slot: 2, shelf: 1 })).toBeDefined();
      expect(await placements().get({ shelf: 2, slot: 1 })).toBeUndefined();
      expect(await placements().has({ shelf: 1, slot: 2 })).toBe(true);
      expect(await placements().has({ shelf: 9, slot: 9 })).toBe(false);
      await expectRefusal(placements().getOrThrow({ shelf: 9, slot: 9 }), 'not_found');
    });

    test('C4 upsert inserts or overwrites, and returns the row as it is now', async () => {
      expect(await placements().upsert({ shelf: 1, slot: 1, label: 'new' })).toMatchObject({ label: 'new' });
      expect(await placements().upsert({ shelf: 1, slot: 1, label: 'newer' })).toMatchObject({
        label: 'newer',
      });
      expect(await placements().count()).toBe(1);
    });

    test('C4 upsert overwrites the columns that are named, and no others', async () => {
      await rules().insert({ id: 1, low: 1, high: 5, name: 'old' });
      const row = await rules().upsert({ id: 1, low: 2, high: 9, name: 'new' }, { update: ['high'] });
      expect(row).toStrictEqual({ id: 1, low: 1, high: 9, name: 'old' });
    });

    test('C4 upsert with nothing to overwrite returns the row that is there', async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      expect(await accounts().upsert({ name: 'a', balance: 2 }, { update: [] })).toStrictEqual({
        name: 'a',
        balance: 1,
      });
    });

    test('C4 upsert needs the whole key', async () => {
      await expectRefusal(placements().upsert({ shelf: 1, label: 'x' } as never), 'invalid_key');
      await expectRefusal(placements().upsert({ shelf: 1, slot: null, label: 'x' } as never), 'invalid_key');
    });

    test('C4 upsert that breaks another constraint changes nothing', async () => {
      await rules().insert({ id: 1, low: 1, high: 5, name: 'kept' });
      await expectRefusal(rules().upsert({ id: 1, low: 9, high: 5, name: 'lost' }), 'check_violation');
      expect(await rules().get(1)).toStrictEqual({ id: 1, low: 1, high: 5, name: 'kept' });
    });

    test('C4 update changes one row and returns it, or undefined when there is none', async () => {
      await placements().insertMany([
        { shelf: 1, slot: 1, label: 'a' },
        { shelf: 1, slot: 2, label: 'b' },
      ]);
      expect(await placements().update({ shelf: 1, slot: 2 }, { label: 'c' })).toMatchObject({
        slot: 2,
        label: 'c',
      });
      expect(await placements().update({ shelf: 9, slot: 9 }, { label: 'c' })).toBeUndefined();
      expect(await placements().find({ where: { label: 'c' } })).toHaveLength(1);
    });

    test('C4 update may change the key itself', async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      expect(await accounts().update('a', { name: 'b' })).toStrictEqual({ name: 'b', balance: 1 });
      expect(await accounts().has('a')).toBe(false);
    });

    test('C4 a patch that changes nothing is refused', async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      await expectRefusal(accounts().update('a', {}), 'invalid_query');
      await expectRefusal(accounts().update('a', { balance: undefined }), 'invalid_query');
      await expectRefusal(accounts().updateMany({ where: {} }, {}), 'invalid_query');
    });

    test('C4 updateMany changes what matches and returns how many', async () => {
      await accounts().insertMany([1, 2, 3].map((balance) => ({ name: `n${balance}`, balance })));
      expect(await accounts().updateMany({ where: { balance: { gt: 1 } } }, { balance: 0 })).toBe(2);
      expect(await accounts().updateMany({ where: { balance: 99 } }, { balance: 0 })).toBe(0);
      expect(await accounts().updateMany({ where: {} }, { balance: 7 })).toBe(3);
    });

    test('C4 updateMany that one row refuses changes none', async () => {
      await rules().insertMany([1, 2, 3].map((id) => ({ id, low: id, high: 3, name: 'r' })));
      await expectRefusal(rules().updateMany({ where: {} }, { high: 2 }), 'check_violation');
      expect(await rules().count({ where: { high: 3 } })).toBe(3);
    });

    test('C4 delete and deleteMany remove what matches and say so', async () => {
      await accounts().insertMany([1, 2, 3, 4].map((balance) => ({ name: `n${balance}`, balance })));
      expect(await accounts().delete('n1')).toBe(true);
      expect(await accounts().delete('n1')).toBe(false);
      expect(await accounts().deleteMany({ where: { balance: { lte: 3 } } })).toBe(2);
      expect(await accounts().deleteMany({ where: {} })).toBe(1);
      expect(await accounts().count()).toBe(0);
    });

    test('C4 deleteMany that a foreign key refuses removes nothing', async () => {
      const { storage } = fixture;
      const authors = storage.repository('author', { key: 'id' });
      await authors.insertMany([1, 2, 3].map((id) => ({ id, name: 'x' })));
      await storage
        .repository('book', { key: 'id' })
        .insert({ id: 1, author_id: 2, title: 't', isbn: null, shelf: 1, slot: 1 });
      await expectRefusal(authors.deleteMany({ where: {} }), 'foreign_key_violation');
      expect(await authors.count()).toBe(3);
    });

    test('C4 changing or removing every row must be written out', async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      await expectRefusal(accounts().deleteMany({} as never), 'invalid_query');
      await expectRefusal(accounts().deleteMany({ where: undefined } as never), 'invalid_query');
      await expectRefusal(accounts().updateMany({} as never, { balance: 0 }), 'invalid_query');
      expect(await accounts().get('a')).toStrictEqual({ name: 'a', balance: 1 });
    });

    test('C4 a cascade is part of the call', async () => {
      const { storage } = fixture;
      await storage.repository('author', { key: 'id' }).insert({ id: 1, name: 'x' });
      const book = { id: 1, author_id: 1, title: 't', isbn: null, shelf: 1, slot: 1 };
      await storage.repository('book', { key: 'id' }).insert(book);
      const chapters = storage.repository('chapter', { key: 'id' });
      await chapters.insertMany([1, 2].map((id) => ({ id, book_id: 1, title: 'c' })));
      expect(await storage.repository('book', { key: 'id' }).deleteMany({ where: { id: 1 } })).toBe(1);
      expect(await chapters.count()).toBe(0);
    });
  });
}
