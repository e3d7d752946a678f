import type { Capabilities } from '@sluice/core';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { passTurns } from '../../fixture/rendezvous.js';

/** The rows of a stream, and the memory it needs. */
export function readingCases(fixture: Fixture, { concurrentReaders }: Capabilities): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const store = async (count: number): Promise<void> => {
    await accounts().insertMany(
      Array.from({ length: count }, (_, balance) => ({
        name: `n${String(balance).padStart(6, '0')}`,
        balance,
      })),
    );
  };

  describe('reading', () => {
    test('C9 a stream gives the rows of find, in its order, whatever the size of its batches', async () => {
      await store(1_203);
      const query = { where: { balance: { lt: 1_100 } }, orderBy: { balance: 'desc' } } as const;
      const found = await accounts().find(query);
      for (const batchSize of [1, 7, 500, 1_100, 5_000]) {
        expect(await collect(accounts().stream(query, { batchSize }))).toStrictEqual(found);
      }
    });

    test('C9 a stream keeps to its limit and offset', async () => {
      await store(50);
      const rows = await collect(
        accounts().stream({ orderBy: { name: 'asc' }, limit: 5, offset: 10 }, { batchSize: 2 }),
      );
      expect(rows.map(({ balance }) => balance)).toStrictEqual([10, 11, 12, 13, 14]);
    });

    test('C9 a stream of nothing ends at once', async () => {
      expect(await collect(accounts().stream())).toStrictEqual([]);
    });

    for (const batchSize of [0, -1, 1.5, Number.NaN]) {
      test(`C9 a stream refuses batches of ${batchSize}`, async () => {
        await expectRefusal(collect(accounts().stream({}, { batchSize })), 'invalid_query');
      });
    }

    test('C9 a plain query streams rows in chunks of any size', async () => {
      await store(300);
      const query = fixture.storage.kysely.selectFrom('account').select('balance').orderBy('balance');
      for (const chunkSize of [1, 100, 1_000]) {
        const rows = await collect(query.stream(chunkSize));
        expect(rows.map(({ balance }) => balance)).toStrictEqual(Array.from({ length: 300 }, (_, i) => i));
      }
    });

    if (concurrentReaders) besideWritersCases(fixture, store);
    else oneAtATimeCases(fixture, store);

    test('C9 twenty streams at once all come to their end', async () => {
      await store(500);
      const streams = await Promise.all(
        Array.from({ length: 20 }, () => collect(accounts().stream({}, { batchSize: 10 }))),
      );
      for (const rows of streams) expect(rows).toHaveLength(500);
    });

    test('C9 a stream without end gives its first rows, and ends when it is left', async () => {
      const rows: number[] = [];
      for await (const { value } of endless(fixture).stream(10)) {
        rows.push(value);
        if (rows.length === 1_000) break;
      }
      expect(rows).toStrictEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
      expect(await accounts().count()).toBe(0);
    });

    test('C9 a stream whose reader pauses does not read on into memory', async () => {
      const stream = endless(fixture).stream(10)[Symbol.asyncIterator]();
      await stream.next();
      const before = process.memoryUsage().rss;
      await new Promise((resolve) => setTimeout(resolve, 500));
      const grown = process.memoryUsage().rss - before;
      expect((await stream.next()).value).toStrictEqual({ value: 2 });
      await stream.return?.();
      expect(grown).toBeLessThan(100 * 1024 * 1024);
    });

    test('C9 a stream of a query that is refused rejects at its first row', async () => {
      await expectRefusal(collect(accounts().stream({ where: { nobody: 1 } as never })), 'unknown_column');
      await expectRefusal(
        collect(
          fixture.storage.kysely
            .selectFrom('no_such_table' as 'note')
            .selectAll()
            .stream(),
        ),
        'unknown_table',
      );
    });
  });
}

type Store = (count: number) => Promise<void>;

function besideWritersCases(fixture: Fixture, store: Store): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });

  test('C9 a stream sees one snapshot while others insert, change and remove rows', async () => {
    await store(1_000);
    const rows: number[] = [];
    for await (const { balance } of accounts().stream({ orderBy: { name: 'asc' } }, { batchSize: 10 })) {
      rows.push(balance);
      if (rows.length % 100 !== 0) continue;
      await accounts().insert({ name: `z${rows.length}`, balance: -1 });
      await accounts().updateMany({ where: { balance: { gt: 500 } } }, { balance: -2 });
      await accounts().deleteMany({ where: { name: { startsWith: 'n0009' } } });
    }
    expect(rows).toStrictEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });

  test('C9 the snapshot of a stream is taken when its first row is asked for', async () => {
    await store(3);
    const streams = [accounts().stream(), fixture.storage.kysely.selectFrom('account').selectAll().stream(1)];
    await accounts().updateMany({ where: {} }, { balance: 7 });
    for (const stream of streams)
      expect((await collect(stream)).map(({ balance }) => balance)).toStrictEqual([7, 7, 7]);
  });

  test('C9 an open stream blocks no writer, and no other reader', async () => {
    await store(100);
    const stream = accounts().stream({}, { batchSize: 1 });
    await stream.next();
    await Promise.all(
      Array.from({ length: 50 }, (_, id) =>
        fixture.storage
          .repository('note', { key: 'id' })
          .insert({ id, body: null, rank: null, pinned: null }),
      ),
    );
    await fixture.storage.write((tx) => tx.repository('account', { key: 'name' }).deleteMany({ where: {} }));
    expect(await accounts().count()).toBe(0);
    expect(await collect(stream)).toHaveLength(99);
  });

  test('C9 more streams than may be open at once keep nobody else from reading and writing', async () => {
    await store(100);
    const streams = Array.from({ length: 60 }, () => accounts().stream({}, { batchSize: 1 }));
    const firstRows = streams.map((stream) => stream.next());
    await firstRows[0];
    const others = { timeoutMs: 5_000 };
    await accounts().insert({ name: 'other', balance: 1 }, others);
    await fixture.storage.write(async (tx) => {
      await tx.repository('account', { key: 'name' }).update('other', { balance: 2 });
    }, others);
    expect(await accounts().get('other', others)).toMatchObject({ balance: 2 });
    expect(await fixture.storage.health(others)).toMatchObject({ isHealthy: true });
    for (const [index, stream] of streams.entries()) {
      expect(await firstRows[index]).toMatchObject({ done: false });
      await stream.return?.();
    }
  });
}

function oneAtATimeCases(fixture: Fixture, store: Store): void {
  test('C9 a writer waits until an open stream is read to its end, as declared, and every row of the stream is from before', async () => {
    const accounts = fixture.storage.repository('account', { key: 'name' });
    await store(100);
    const stream = accounts.stream({}, { batchSize: 1 });
    await stream.next();
    let isWritten = false;
    const writing = accounts.deleteMany({ where: {} }).then(() => {
      isWritten = true;
    });
    await passTurns();
    expect(isWritten).toBe(false);
    expect(await collect(stream)).toHaveLength(99);
    await writing;
    expect(await accounts.count()).toBe(0);
  });
}

/** A query that returns the whole numbers from 1 without end. */
function endless({ storage }: Fixture) {
  return storage.kysely
    .withRecursive('numbers(value)', (db) =>
      db
        .selectNoFrom(sql<number>`1`.as('value'))
        .unionAll(db.selectFrom('numbers').select((eb) => eb('value', '+', sql.lit(1)).as('value'))),
    )
    .selectFrom('numbers')
    .select('value');
}
