import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';

/** Arithmetic and aggregates have the same results on every engine. */
export function expressionCases(fixture: Fixture): void {
  describe('expressions', () => {
    const store = async (): Promise<void> => {
      await fixture.storage.repository('note', { key: 'id' }).insertMany([
        { id: 1, body: 'a', rank: 5, pinned: true },
        { id: 2, body: 'b', rank: -5, pinned: false },
      ]);
    };

    test('C2 division of integers is whole, towards zero, of columns and of parameters', async () => {
      await store();
      const query = fixture.storage.kysely
        .selectFrom('note')
        .select((eb) => [eb('rank', '/', 2).as('half'), eb('rank', '%', 3).as('rest')])
        .orderBy('id');
      expect(await query.execute()).toStrictEqual([
        { half: 2, rest: 2 },
        { half: -2, rest: -2 },
      ]);
    });

    test('C2 sum, avg, min and max over nothing are NULL, count is 0', async () => {
      const query = fixture.storage.kysely
        .selectFrom('note')
        .select((eb) => [
          eb.fn.sum('rank').as('sum'),
          eb.fn.avg('rank').as('avg'),
          eb.fn.min('rank').as('min'),
          eb.fn.max('body').as('max'),
          eb.fn.countAll().as('count'),
        ]);
      expect(await query.execute()).toStrictEqual([{ sum: null, avg: null, min: null, max: null, count: 0 }]);
    });

    test('C2 aggregates pass over NULL', async () => {
      await store();
      await fixture.storage
        .repository('note', { key: 'id' })
        .insert({ id: 3, body: null, rank: null, pinned: null });
      const query = fixture.storage.kysely
        .selectFrom('note')
        .select((eb) => [
          eb.fn.sum('rank').as('sum'),
          eb.fn.max('rank').as('max'),
          eb.fn.count('rank').as('given'),
          eb.fn.countAll().as('all'),
        ]);
      expect(await query.execute()).toStrictEqual([{ sum: '0', max: 5, given: 2, all: 3 }]);
    });

    test('C2 false sorts before true', async () => {
      await store();
      const rows = await fixture.storage
        .repository('note', { key: 'id' })
        .find({ orderBy: { pinned: 'asc' } });
      expect(rows.map(({ pinned }) => pinned)).toStrictEqual([false, true]);
    });

    test('C2 || joins text', async () => {
      await store();
      const query = fixture.storage.kysely
        .selectFrom('note')
        .where('id', '=', 1)
        .select((eb) => eb('body', '||', sql.lit('-x')).as('joined'));
      expect(await query.execute()).toStrictEqual([{ joined: 'a-x' }]);
    });

    test('C2 coalesce, case and nullif give the values of their columns', async () => {
      await store();
      const query = fixture.storage.kysely
        .selectFrom('note')
        .orderBy('id')
        .select((eb) => [
          eb.fn.coalesce('rank', sql.lit(0)).as('rank'),
          eb.case().when('rank', '>', 0).then(sql.lit('up')).else(sql.lit('down')).end().as('direction'),
          eb.fn<number | null>('nullif', ['rank', sql.lit(5)]).as('other'),
        ]);
      expect(await query.execute()).toStrictEqual([
        { rank: 5, direction: 'up', other: null },
        { rank: -5, direction: 'down', other: -5 },
      ]);
    });

    test('C2 a name in double quotes is never a string', async () => {
      await store();
      const query = sql`select "no_such_column" from note`.execute(fixture.storage.kysely);
      await expect(query).rejects.toThrow();
    });
  });
}
