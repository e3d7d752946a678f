import { type Capabilities, decrement, increment } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { SPECIMEN } from '../../fixture/schema/specimen.js';

/** Patches change columns by a number, or by an expression, in the database itself. */
export function patchCases(fixture: Fixture, { sharedBetweenProcesses }: Capabilities): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const specimens = () => fixture.storage.repository('specimen', { key: 'id' });

  describe('patches', () => {
    test('C4 increment and decrement change numbers of every type, exactly', async () => {
      await specimens().insert({ ...SPECIMEN, id: 1 });
      expect(
        await specimens().update(1, {
          small: decrement(20),
          whole: increment(),
          big: increment(9_000_000_000_000_000_000n - SPECIMEN.big),
          floating: increment(0.2),
          exact: increment('0.00000000000000000001'),
          price: increment('0.105'),
          wide: decrement(1n),
          word: 'changed',
        }),
      ).toStrictEqual({
        ...SPECIMEN,
        id: 1,
        small: -8,
        whole: 70_001,
        big: 9_000_000_000_000_000_000n,
        floating: 0.1 + 0.2,
        exact: '3.14000000000000000001',
        price: '20.01',
        wide: '1234567890123456789012345678901234567889.0123456789',
        word: 'changed',
      });
      expect(
        await specimens().update(1, { big: decrement(1), exact: increment(1), price: increment(-1) }),
      ).toMatchObject({
        big: 8_999_999_999_999_999_999n,
        exact: '4.14000000000000000001',
        price: '19.01',
      });
    });

    test('C4 increment of NULL is NULL', async () => {
      await fixture.storage
        .repository('note', { key: 'id' })
        .insert({ id: 1, body: null, rank: null, pinned: null });
      expect(
        await fixture.storage.repository('note', { key: 'id' }).update(1, { rank: increment() }),
      ).toMatchObject({
        rank: null,
      });
    });

    test('C4 what a column cannot hold after an increment is refused, and nothing is changed', async () => {
      const row = {
        ...SPECIMEN,
        id: 1,
        small: 32_767,
        whole: 2_147_483_647,
        big: 2n ** 63n - 1n,
        price: '9999999999.99',
      };
      await specimens().insert(row);
      await expectRefusal(specimens().update(1, { small: increment() }), 'invalid_value');
      await expectRefusal(specimens().update(1, { whole: increment() }), 'invalid_value');
      await expectRefusal(specimens().update(1, { big: increment() }), 'invalid_value');
      await expectRefusal(specimens().update(1, { price: increment('0.01') }), 'invalid_value');
      expect(await specimens().get(1)).toStrictEqual(row);
    });

    test('C4 an increment that is no number of the column is refused', async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      await expectRefusal(accounts().update('a', { balance: increment(0.5) }), 'invalid_value');
      await expectRefusal(accounts().update('a', { balance: increment(Number.NaN) }), 'invalid_value');
      await expectRefusal(accounts().update('a', { name: increment() }), 'invalid_query');
      await expectRefusal(accounts().update('a', { nobody: increment() } as never), 'unknown_column');
      expect(await accounts().get('a')).toStrictEqual({ name: 'a', balance: 1 });
    });

    test('C4 no increment of many callers is lost', async () => {
      await accounts().insert({ name: 'hot', balance: 0 });
      const second = sharedBetweenProcesses ? await fixture.another() : fixture.storage;
      const other = second.repository('account', { key: 'name' });
      await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          (index % 2 === 0 ? accounts() : other).update('hot', { balance: increment(index) }),
        ),
      );
      expect(await accounts().get('hot')).toStrictEqual({ name: 'hot', balance: (59 * 60) / 2 });
    });

    test('C4 a callback of a patch builds an expression of the row as it was', async () => {
      await specimens().insertMany([1, 2].map((id) => ({ ...SPECIMEN, id, small: id })));
      const patched = await specimens().updateMany(
        { where: { id: { gte: 1 } } },
        {
          small: (eb) => eb('small', '*', 10),
          whole: (eb) => eb.ref('small') as never,
          price: (eb) => eb('price', '*', '1.5'),
          flag: (eb) => eb('moment', '<', new Date(0)) as never,
          word: 'both',
        },
      );
      expect(patched).toBe(2);
      expect(await specimens().get(2)).toStrictEqual({
        ...SPECIMEN,
        id: 2,
        small: 20,
        whole: 2,
        price: '29.85',
        flag: false,
        word: 'both',
      });
      await expectRefusal(specimens().update(1, { small: (() => 5) as never }), 'invalid_query');
    });

    test('C4 a patch works in transactions, and under camelCase names', async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      await fixture.storage.write(async (tx) => {
        const inside = tx.repository('account', { key: 'name' });
        await inside.update('a', { balance: increment(5) });
        expect(await inside.update('a', { balance: (eb) => eb('balance', '*', 2) })).toMatchObject({
          balance: 12,
        });
      });
      const camel = await fixture.apart<{
        hitCount: { page: string; hitTotal: number; lastSeen: Date | null };
      }>({
        camelCase: true,
      });
      await camel.kysely.schema
        .createTable('hitCount')
        .addColumn('page', 'text', (column) => column.primaryKey())
        .addColumn('hitTotal', 'integer', (column) => column.notNull())
        .addColumn('lastSeen', 'timestamptz')
        .execute();
      const hits = camel.repository('hitCount', { key: 'page' });
      for (const hitTotal of [1, 10])
        await hits.upsert(
          { page: '/', hitTotal, lastSeen: null },
          { update: { hitTotal: increment(hitTotal), lastSeen: new Date(hitTotal) } },
        );
      expect(await hits.update('/', { hitTotal: (eb) => eb('hitTotal', '+', 100) })).toStrictEqual({
        page: '/',
        hitTotal: 111,
        lastSeen: new Date(10),
      });
    });
  });
}
