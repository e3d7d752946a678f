import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, type Fixture, useFixture } from '../../fixture/fixture.js';
import { holdWriters } from '../../fixture/hold-writers.js';
import { createLatch, passTurns } from '../../fixture/rendezvous.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

/** C6: many concurrent callers get no lock error and do not starve. */
export function concurrencySuite(target: ConformanceTarget): void {
  describe('C6 concurrency', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    crowdCases(fixture);
    if (target.capabilities.concurrentReaders) readersBesideWriterCases(fixture);
    else oneAtATimeCases(fixture);
    fairnessCases(fixture);
    if (target.capabilities.sharedBetweenProcesses) sharingCases(fixture);
    else {
      test('C6 a second storage on a database that is not shared, as declared, does not see the first', async () => {
        await fixture.storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        const second = await fixture.another();
        expect(await second.kysely.introspection.getTables()).toStrictEqual([]);
      });
    }
  });
}

const increment = (storage: SuiteStorage, name: string): Promise<unknown> =>
  storage.kysely
    .updateTable('account')
    .set((eb) => ({ balance: eb('balance', '+', 1) }))
    .where('name', '=', name)
    .execute();

const addInTransaction = (storage: SuiteStorage, name: string): Promise<unknown> =>
  storage.write(async (tx) => {
    const accounts = tx.repository('account', { key: 'name' });
    const { balance } = await accounts.getOrThrow(name);
    await accounts.update(name, { balance: balance + 1 });
  });

function crowdCases(fixture: Fixture): void {
  test('C6 500 inserts at once are all stored', async () => {
    const accounts = fixture.storage.repository('account', { key: 'name' });
    await Promise.all(
      Array.from({ length: 500 }, (_, balance) => accounts.insert({ name: `n${balance}`, balance })),
    );
    expect(await accounts.count()).toBe(500);
  });

  test('C6 300 updates of one row at once add up', async () => {
    const { storage } = fixture;
    await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 0 });
    await Promise.all(Array.from({ length: 300 }, () => increment(storage, 'a')));
    expect(await storage.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 300 });
  });

  test('C6 60 transactions that read and write one row at once add up', async () => {
    const { storage } = fixture;
    await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 0 });
    await Promise.all(Array.from({ length: 60 }, () => addInTransaction(storage, 'a')));
    expect(await storage.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 60 });
  });

  test('C6 readers, writers, transactions and streams at once all succeed', async () => {
    const { storage } = fixture;
    const accounts = storage.repository('account', { key: 'name' });
    await accounts.insertMany(Array.from({ length: 20 }, (_, index) => ({ name: `n${index}`, balance: 0 })));
    const work = Array.from({ length: 200 }, async (_, index) => {
      const name = `n${index % 20}`;
      if (index % 5 === 0) await addInTransaction(storage, name);
      else if (index % 5 === 1) await increment(storage, name);
      else if (index % 5 === 2) await accounts.find({ orderBy: { balance: 'asc' } });
      else if (index % 5 === 3) await storage.read((tx) => tx.repository('account', { key: 'name' }).count());
      else for await (const row of accounts.stream()) expect(row.balance).toBeGreaterThanOrEqual(0);
    });
    await Promise.all(work);
    const rows = await accounts.find();
    expect(rows.reduce((sum, { balance }) => sum + balance, 0)).toBe(80);
  });
}

function readersBesideWriterCases(fixture: Fixture): void {
  test('C6 a read is answered while a writer holds its transaction open', async () => {
    const { storage } = fixture;
    const written = createLatch();
    const go = createLatch();
    const writing = storage.write(async (tx) => {
      await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
      written.resolve();
      await go.promise;
    });
    await written.promise;
    expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    expect(await storage.kysely.selectFrom('account').selectAll().execute()).toStrictEqual([]);
    go.resolve();
    await writing;
  });

  test('C6 a write is answered while a reader holds its snapshot open', async () => {
    const { storage } = fixture;
    const read = createLatch();
    const go = createLatch();
    const reading = storage.read(async (tx) => {
      await tx.repository('account', { key: 'name' }).count();
      read.resolve();
      await go.promise;
      return tx.repository('account', { key: 'name' }).count();
    });
    await read.promise;
    await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
    go.resolve();
    expect(await reading).toBe(0);
  });
}

function oneAtATimeCases(fixture: Fixture): void {
  const accounts = (): ReturnType<typeof fixture.storage.repository<'account', 'name'>> =>
    fixture.storage.repository('account', { key: 'name' });

  for (const kind of ['write', 'read'] as const) {
    test(`C6 calls wait for an open ${kind} transaction, as declared, and are answered after it`, async () => {
      const begun = createLatch();
      const go = createLatch();
      const order: string[] = [];
      const holding = fixture.storage[kind](async (tx) => {
        await tx.repository('account', { key: 'name' }).count();
        begun.resolve();
        await go.promise;
        order.push('transaction');
      });
      await begun.promise;
      const calls = Promise.all([
        accounts()
          .insert({ name: 'a', balance: 1 })
          .then(() => order.push('write')),
        accounts()
          .count()
          .then(() => order.push('read')),
      ]);
      await passTurns();
      go.resolve();
      await Promise.all([holding, calls]);
      expect(order[0]).toBe('transaction');
      expect(order.toSorted()).toStrictEqual(['read', 'transaction', 'write']);
    });
  }
}

/** How long a write waits before its age counts for more than its priority, in milliseconds. */
const AGEING_MS = 1000;

/** Lets a write of each priority wait, the lowest first, and tells in which order they ran, and how long the last choice between two of them came after the first had begun to wait. */
async function serveByPriority(
  storage: SuiteStorage,
): Promise<{ readonly order: readonly string[]; readonly chosenAfterMs: number }> {
  const order: string[] = [];
  const held = await holdWriters(storage);
  const since = performance.now();
  let chosenAfterMs = 0;
  const work: Promise<unknown>[] = [];
  for (const priority of ['low', 'normal', 'high'] as const) {
    const write = async (): Promise<void> => {
      order.push(priority);
      if (order.length === 2) chosenAfterMs = performance.now() - since;
    };
    work.push(storage.write(write, { priority, label: 'in turn' }));
    await passTurns();
  }
  held.releaseOne();
  await Promise.all(work);
  await held.release();
  return { order, chosenAfterMs };
}

function fairnessCases(fixture: Fixture): void {
  test('C6 a write of high priority overtakes those of normal and low priority that wait', async () => {
    let served = await serveByPriority(fixture.storage);
    // A write that has waited for a second comes before fresher ones of a higher priority, so an attempt that the machine delayed shows nothing.
    while (served.chosenAfterMs >= AGEING_MS) served = await serveByPriority(fixture.storage);
    expect(served.order).toStrictEqual(['high', 'normal', 'low']);
  });

  test('C6 within one priority the first to come is the first to be served', async () => {
    const { storage } = fixture;
    const order: number[] = [];
    const held = await holdWriters(storage);
    const work: Promise<unknown>[] = [];
    for (let index = 0; index < 10; index += 1) {
      work.push(
        storage.write(
          async () => {
            order.push(index);
          },
          { label: 'in turn' },
        ),
      );
      await passTurns(1);
    }
    held.releaseOne();
    await Promise.all(work);
    await held.release();
    expect(order).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('C6 a bulk load does not starve short writes: they are answered before it ends', async () => {
    const { storage } = fixture;
    const accounts = storage.repository('account', { key: 'name' });
    const notes = storage.repository('note', { key: 'id' });
    let isLoading = true;
    let batches = 0;
    const loading = accounts
      .load(
        Array.from({ length: 20_000 }, (_, balance) => ({ name: `n${balance}`, balance })),
        {
          batchSize: 200,
          onProgress: () => {
            batches += 1;
          },
        },
      )
      .finally(() => {
        isLoading = false;
      });
    let answered = 0;
    while (answered < 10) {
      await notes.insert({ id: answered, body: null, rank: null, pinned: null });
      expect(isLoading).toBe(true);
      answered += 1;
    }
    await loading;
    expect(batches).toBe(100);
  });
}

function sharingCases(fixture: Fixture): void {
  test('C6 two storages on one database write at once, and every write is stored', async () => {
    const first = fixture.storage;
    const second = await fixture.another();
    await first.repository('account', { key: 'name' }).insert({ name: 'a', balance: 0 });
    const work = Array.from({ length: 240 }, (_, index) => {
      const storage = index % 2 === 0 ? first : second;
      return index % 8 < 2 ? addInTransaction(storage, 'a') : increment(storage, 'a');
    });
    await Promise.all(work);
    for (const storage of [first, second]) {
      expect(await storage.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 240 });
    }
  });

  test('C6 a write waits for the transaction of another storage, and no lock error reaches its caller', async () => {
    const first = fixture.storage;
    const second = await fixture.another();
    await first.repository('account', { key: 'name' }).insert({ name: 'a', balance: 0 });
    const begun = createLatch();
    const go = createLatch();
    const holding = first.write(async (tx) => {
      await tx.repository('account', { key: 'name' }).update('a', { balance: 5 });
      begun.resolve();
      await go.promise;
    });
    await begun.promise;
    const waiting = addInTransaction(second, 'a');
    expect(await second.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 0 });
    go.resolve();
    await Promise.all([holding, waiting]);
    expect(await second.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 6 });
  });

  test('C6 what one storage has committed the other sees at once', async () => {
    const second = await fixture.another();
    const mine = fixture.storage.repository('account', { key: 'name' });
    const theirs = second.repository('account', { key: 'name' });
    for (let balance = 0; balance < 20; balance += 1) {
      await (balance % 2 === 0 ? mine : theirs).upsert({ name: 'a', balance });
      expect(await (balance % 2 === 0 ? theirs : mine).get('a')).toStrictEqual({ name: 'a', balance });
    }
  });
}
