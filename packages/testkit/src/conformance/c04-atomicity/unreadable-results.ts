import { SluiceError, type Storage } from '@sluice/core';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import { type CellRow, RETURNING_WAYS, WRITE_WAYS } from '../../fixture/write-ways.js';

/** A row with a time of its own. */
interface TimedRow extends CellRow {
  at?: Date;
}

/**
 * A write that returns a value which is none of the contract. Either nothing of it is stored, or its error says that it is stored. No JavaScript value stands for
 * the time `infinity`, which every engine takes as a column's default.
 */
export function unreadableResultsCases(fixture: Fixture): void {
  const table = 'timed';
  const withTable = async (): Promise<Storage<Record<string, TimedRow>>> => {
    const storage = fixture.storage as unknown as Storage<Record<string, TimedRow>>;
    await storage.kysely.schema.dropTable(table).ifExists().execute();
    await sql`create table ${sql.table(table)} (id integer primary key, c text, at timestamptz default 'infinity')`.execute(
      storage.kysely,
    );
    return storage;
  };
  const stored = async ({ kysely }: Storage<Record<string, TimedRow>>) =>
    await kysely.selectFrom(table).select(['id', 'c']).orderBy('id').execute();
  /** Whether the outcome of a write says that it is stored. */
  const saysStored = async (work: Promise<unknown>): Promise<boolean> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return true;
    if (!(error instanceof SluiceError)) throw error;
    expect(['invalid_value', 'result_unreadable']).toContain(error.code);
    expect(error.retryable).toBe(false);
    return error.code === 'result_unreadable';
  };

  describe('results that cannot be read', () => {
    for (const [way, { needsRow = false, write }] of Object.entries({ ...WRITE_WAYS, ...RETURNING_WAYS })) {
      for (const isWarm of needsRow ? [false, true] : [false]) {
        const title = isWarm ? `${way}, after one whose result was read` : way;
        test(`C4 a write is stored if and only if its outcome says so, although its result cannot be read: ${title}`, async () => {
          const storage = await withTable();
          const plain = storage.kysely.insertInto(table);
          if (needsRow) await plain.values({ id: 5, c: 'before' }).execute();
          if (isWarm) {
            await plain.values({ id: 4, at: new Date(0) }).execute();
            await write(storage as never, table, { id: 4, c: 'warm' }, () => {});
          }
          const before = await stored(storage);
          const says = await saysStored(write(storage as never, table, { id: 5, c: 'new' }, () => {}));
          const after = await stored(storage);
          if (says) expect(after).toContainEqual({ id: 5, c: 'new' });
          else expect(after).toStrictEqual(before);
        });
      }
    }

    for (const isWarm of [false, true]) {
      const title = isWarm ? ', after one whose result was read' : '';
      test(`C4 a delete that returns what cannot be read is done if and only if its outcome says so${title}`, async () => {
        const storage = await withTable();
        const { kysely } = storage;
        await kysely.insertInto(table).values({ id: 5, c: 'before' }).execute();
        await kysely
          .insertInto(table)
          .values({ id: 4, at: new Date(0) })
          .execute();
        const remove = (id: number) => kysely.deleteFrom(table).where('id', '=', id).returningAll().execute();
        if (isWarm) expect(await remove(4)).toHaveLength(1);
        const isGone = await saysStored(remove(5));
        expect((await stored(storage)).some(({ id }) => id === 5)).toBe(!isGone);
      });
    }

    test('C4 neighbours of a write whose result cannot be read are stored, and each gets its own outcome', async () => {
      const storage = await withTable();
      const timed = storage.repository(table, { key: 'id' });
      const settled = await Promise.allSettled(
        Array.from({ length: 60 }, (_, id) =>
          timed.insert(id % 3 === 0 ? { id, c: 'bad' } : { id, c: 'good', at: new Date(id) }),
        ),
      );
      const good = settled.flatMap((outcome, id) => (id % 3 === 0 ? [] : [{ outcome, id }]));
      for (const { outcome, id } of good)
        expect(outcome).toStrictEqual({
          status: 'fulfilled',
          value: { id, c: 'good', at: new Date(id) },
        });
      const rows = await stored(storage);
      expect(rows.filter(({ c }) => c === 'good')).toHaveLength(good.length);
      for (const [id, outcome] of settled.entries()) {
        if (id % 3 !== 0) continue;
        expect(outcome.status).toBe('rejected');
        const { reason } = outcome as PromiseRejectedResult;
        expect([id, rows.some((row) => row.id === id)]).toStrictEqual([
          id,
          reason.code === 'result_unreadable',
        ]);
      }
    });

    test('C4 a transaction that catches the error of such a write cannot be committed', async () => {
      const storage = await withTable();
      const work = storage.write(async (tx) => {
        await rejection(tx.repository(table, { key: 'id' }).insert({ id: 5, c: 'new' }));
        return 'committed';
      });
      await expectRefusal(work, 'transaction_broken');
      expect(await stored(storage)).toStrictEqual([]);
    });

    test('C4 after such a write in a savepoint, the rest of the transaction is committed', async () => {
      const storage = await withTable();
      await storage.write(async (tx) => {
        await tx.kysely.insertInto(table).values({ id: 1, c: 'kept' }).execute();
        await rejection(
          tx.savepoint((inner) => inner.repository(table, { key: 'id' }).insert({ id: 5, c: 'new' })),
        );
        await tx.kysely.insertInto(table).values({ id: 2, c: 'kept' }).execute();
      });
      expect(await stored(storage)).toStrictEqual([
        { id: 1, c: 'kept' },
        { id: 2, c: 'kept' },
      ]);
    });

    test('C4 a write that does not return the value is stored', async () => {
      const storage = await withTable();
      await storage.kysely.insertInto(table).values({ id: 5, c: 'new' }).returning(['id', 'c']).execute();
      expect(await stored(storage)).toStrictEqual([{ id: 5, c: 'new' }]);
      expect(await storage.repository(table, { key: 'id' }).delete(5)).toBe(true);
    });
  });
}
