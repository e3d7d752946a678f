import type { Storage } from '@sluice/core';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { SPECIMEN } from '../../fixture/schema/specimen.js';
import { suiteMigrations } from '../../fixture/schema/suite-migrations.js';

/** `select`: a read returns these columns, and reads no others. */
export function selectedColumnCases(fixture: Fixture): void {
  describe('selected columns', () => {
    test('C1 every read returns the selected columns alone, with the values of the contract', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      await specimens.insertMany([
        { id: 1, ...SPECIMEN },
        { id: 2, ...SPECIMEN, word: 'b' },
      ]);
      const select = ['big', 'moment', 'price', 'flag', 'tree'] as const;
      const { big, moment, price, flag, tree } = SPECIMEN;
      const row = { big, moment, price, flag, tree };
      const orderBy = { word: 'asc' } as const;
      expect(await specimens.get(1, { select })).toStrictEqual(row);
      expect(await specimens.getOrThrow(1, { select })).toStrictEqual(row);
      expect(await specimens.getMany([2, 9, 1], { select })).toStrictEqual([row, undefined, row]);
      expect(await specimens.find({ select, orderBy, limit: 1 })).toStrictEqual([row]);
      expect(await specimens.findOne({ select, where: { word: 'b' } })).toStrictEqual(row);
      expect(await collect(specimens.stream({ select, orderBy }))).toStrictEqual([row, row]);
      expect((await specimens.page({ select, orderBy, size: 1 })).rows).toStrictEqual([row]);
    });

    test('C1 a column that is not selected is not read', async () => {
      await sql`insert into specimen (id, word, doc) values (1, 'a', '[12345678901234567890]')`.execute(
        fixture.storage.kysely,
      );
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      await expectRefusal(specimens.get(1), 'invalid_value');
      const select = ['word'] as const;
      expect(await specimens.get(1, { select })).toStrictEqual({ word: 'a' });
      expect(await specimens.getMany([1], { select })).toStrictEqual([{ word: 'a' }]);
      expect(await specimens.find({ select })).toStrictEqual([{ word: 'a' }]);
      expect(await collect(specimens.stream({ select }))).toStrictEqual([{ word: 'a' }]);
      expect((await specimens.page({ select, size: 1 })).rows).toStrictEqual([{ word: 'a' }]);
    });

    test('C1 pages go on although neither the order nor the key is selected', async () => {
      const cities = fixture.storage.repository('country', { key: ['region', 'code'] });
      const rows = Array.from({ length: 7 }, (_, index) => ({
        region: `r${index % 2}`,
        code: `c${index}`,
        name: `n${index % 3}`,
      }));
      await cities.insertMany(rows);
      const seen: object[] = [];
      let cursor: string | undefined;
      do {
        const page = await cities.page({ select: ['code'], orderBy: { name: 'desc' }, size: 2, cursor });
        seen.push(...page.rows);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      const whole = await cities.find({ orderBy: { name: 'desc', region: 'desc', code: 'desc' } });
      expect(seen).toStrictEqual(whole.map(({ code }) => ({ code })));
    });

    test('C1 a key of several columns finds its rows although they are not selected', async () => {
      const countries = fixture.storage.repository('country', { key: ['region', 'code'] });
      await countries.insertMany([
        { region: 'a', code: 'b', name: 'ab' },
        { region: 'b', code: 'a', name: 'ba' },
      ]);
      const keys = [
        { region: 'b', code: 'a' },
        { region: 'a', code: 'b' },
      ];
      const found = await countries.getMany(keys, { select: ['name'] });
      expect(found).toStrictEqual([{ name: 'ba' }, { name: 'ab' }]);
    });

    test('C1 selected columns have the application’s names', async () => {
      const storage: Storage<{ stay: { id: number; guestName: string; checkedInAt: Date | null } }> =
        await fixture.apart({ migrations: suiteMigrations, camelCase: true });
      await storage.migrator.up();
      const stays = storage.repository('stay', { key: 'id' });
      await stays.insertMany([
        { id: 1, guestName: 'Ada', checkedInAt: new Date(5) },
        { id: 2, guestName: 'Bob', checkedInAt: null },
      ]);
      expect(await stays.get(1, { select: ['guestName', 'checkedInAt'] })).toStrictEqual({
        guestName: 'Ada',
        checkedInAt: new Date(5),
      });
      const page = await stays.page({ select: ['id'], orderBy: { guestName: 'asc' }, size: 1 });
      expect(page.rows).toStrictEqual([{ id: 1 }]);
      expect(await stays.getMany([2], { select: ['guestName'] })).toStrictEqual([{ guestName: 'Bob' }]);
    });

    test('C1 reads of different columns do not take each other’s statements', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      await notes.insert({ id: 1, body: 'b', rank: 2, pinned: null });
      for (let round = 0; round < 2; round += 1) {
        expect(await notes.get(1, { select: ['body'] })).toStrictEqual({ body: 'b' });
        expect(await notes.get(1, { select: ['rank', 'body'] })).toStrictEqual({ rank: 2, body: 'b' });
        expect(await notes.get(1)).toStrictEqual({ id: 1, body: 'b', rank: 2, pinned: null });
        expect(await notes.find({ select: ['body', 'body'] })).toStrictEqual([{ body: 'b' }]);
      }
    });

    const wrong: readonly (readonly [string, unknown, 'invalid_query' | 'unknown_column'])[] = [
      ['an empty list', [], 'invalid_query'],
      ['a name', 'body', 'invalid_query'],
      ['null', null, 'invalid_query'],
      ['a number in the list', [1], 'invalid_query'],
      ['a column that the table does not have', ['body', 'bodies'], 'unknown_column'],
      ['SQL', ['body from note; --'], 'unknown_column'],
      ['__proto__', ['__proto__'], 'unknown_column'],
    ];
    for (const [what, given, code] of wrong) {
      test(`C11 a selection of ${what} is refused`, async () => {
        const notes = fixture.storage.repository('note', { key: 'id' });
        const select = given as readonly 'body'[];
        await expectRefusal(notes.get(1, { select }), code);
        await expectRefusal(notes.getMany([1], { select }), code);
        await expectRefusal(notes.find({ select }), code);
        await expectRefusal(notes.findOne({ select }), code);
        await expectRefusal(notes.page({ select, size: 1 }), code);
        await expectRefusal(collect(notes.stream({ select })), code);
      });
    }
  });
}
