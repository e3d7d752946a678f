import { UsageError } from '@sluice/core';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** `batch` runs a list of queries as one transaction. */
export function batchCases(fixture: Fixture): void {
  const kysely = () => fixture.storage.kysely;
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const insert = (name: string, balance = 0) => kysely().insertInto('account').values({ name, balance });

  describe('batch', () => {
    test('C4 a batch gives the rows and the number of affected rows of each query, in order', async () => {
      const results = await fixture.storage.batch([
        insert('a', 1),
        insert('b', 2).returningAll(),
        kysely().updateTable('account').set({ balance: 5 }),
        kysely().selectFrom('account').selectAll().orderBy('name'),
        kysely().deleteFrom('account').where('name', '=', 'a').returning('balance'),
      ]);
      expect(results).toStrictEqual([
        { rows: [], affectedRows: 1 },
        { rows: [{ name: 'b', balance: 2 }], affectedRows: 1 },
        { rows: [], affectedRows: 2 },
        {
          rows: [
            { name: 'a', balance: 5 },
            { name: 'b', balance: 5 },
          ],
          affectedRows: 0,
        },
        { rows: [{ balance: 5 }], affectedRows: 1 },
      ]);
      expect(await accounts().find()).toStrictEqual([{ name: 'b', balance: 5 }]);
    });

    for (const [place, index] of [
      ['first', 0],
      ['middle', 2],
      ['last', 4],
    ] as const) {
      test(`C4 a batch whose ${place} query fails leaves nothing behind`, async () => {
        await accounts().insert({ name: 'taken', balance: 0 });
        const queries = ['a', 'b', 'c', 'd', 'e'].map((name, at) => insert(at === index ? 'taken' : name));
        await expectRefusal(fixture.storage.batch(queries), 'unique_violation');
        expect(await accounts().find()).toStrictEqual([{ name: 'taken', balance: 0 }]);
      });
    }

    test('C4 a failed batch does not affect concurrent batches', async () => {
      await accounts().insert({ name: 'taken', balance: 0 });
      const settled = await Promise.allSettled(
        Array.from({ length: 60 }, (_, n) =>
          fixture.storage.batch([insert(`n${n}`), insert(n % 3 === 0 ? 'taken' : `m${n}`)]),
        ),
      );
      expect(settled.map(({ status }) => status === 'fulfilled')).toStrictEqual(
        settled.map((_, n) => n % 3 !== 0),
      );
      expect(await accounts().count()).toBe(81);
    });

    test('C4 a batch of reads sees one snapshot, and an empty one gives nothing', async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      const total = kysely()
        .selectFrom('account')
        .select((eb) => eb.fn.countAll<number>().as('count'));
      expect(await fixture.storage.batch([total, total])).toStrictEqual([
        { rows: [{ count: 1 }], affectedRows: 0 },
        { rows: [{ count: 1 }], affectedRows: 0 },
      ]);
      expect(await fixture.storage.batch([])).toStrictEqual([]);
    });

    test('C4 C3 a batch inside a transaction is refused, as the outer handle is', async () => {
      const work = fixture.storage.write(() => fixture.storage.batch([insert('a')]));
      await expectRefusal(work, 'outer_handle');
    });

    test('C4 a batch that would end its own transaction is refused', async () => {
      const work = fixture.storage.batch([insert('a'), { compile: () => sql`commit`.compile(kysely()) }]);
      await expect(work).rejects.toBeInstanceOf(UsageError);
      expect(await accounts().count()).toBe(0);
    });

    test('C4 C8 an aborted batch did not happen', async () => {
      const work = fixture.storage.batch([insert('a')], { signal: AbortSignal.abort() });
      await expectRefusal(work, 'aborted');
      expect(await accounts().count()).toBe(0);
    });
  });
}
