import { type Database, type DatabaseTransaction, openStorage, type Storage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

interface DB {
  account: { id: number; balance: number };
}

const WRITERS = 16;

const storages: Storage<DB>[] = [];

afterEach(async () => {
  await Promise.all(storages.splice(0).map((storage) => storage.close()));
});

async function openAccounts(): Promise<Storage<DB>> {
  const url = await temporaryPostgresUrl();
  const { run, database } = await openDatabase({ url });
  await run('create table account (id integer primary key, balance integer not null)');
  await run('insert into account select n, 0 from generate_series(0, $1::integer) n', [WRITERS]);
  await database.close();
  const storage = await openStorage<DB>({ url, drivers: [postgres()] });
  storages.push(storage);
  return storage;
}

/** Keeps short writers going until the returned function is called, which tells how many writes they did. */
function keepWriting(storage: Storage<DB>): () => Promise<number> {
  let isOver = false;
  let writes = 0;
  const accounts = storage.repository('account', { key: 'id' });
  const loops = Array.from({ length: WRITERS }, async (_, index) => {
    while (!isOver) {
      if (index % 2 === 0) await accounts.update(index + 1, { balance: writes });
      else
        await storage.write(async (tx) => {
          const own = await tx.repository('account', { key: 'id' }).getOrThrow(index + 1);
          await tx.repository('account', { key: 'id' }).update(own.id, { balance: own.balance + 1 });
        });
      writes += 1;
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(loops);
    return writes;
  };
}

test('a long write gets through while short ones never stop, with a savepoint in it', async () => {
  const storage = await openAccounts();
  const stop = keepWriting(storage);
  let attempts = 0;
  const total = await storage.write(async (tx) => {
    attempts += 1;
    const accounts = tx.repository('account', { key: 'id' });
    const all = await accounts.find();
    const sum = all.reduce((before, { balance }) => before + balance, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await tx.savepoint((inner) => inner.repository('account', { key: 'id' }).update(0, { balance: sum }));
    for (const { id } of all) await accounts.update(id, { balance: 0 });
    return sum;
  });
  const writes = await stop();
  expect(attempts).toBeLessThanOrEqual(4);
  expect(total).toBeGreaterThanOrEqual(0);
  expect(writes).toBeGreaterThan(WRITERS);
  expect(storage.metrics().database.writer).toMatchObject({
    held: 0,
    queued: { high: 0, normal: 0, low: 0 },
  });
});

/** Begins a write that already failed twice. */
function beginAlone(database: Database): Promise<DatabaseTransaction> {
  return database.begin({ access: 'write', attempt: 3 });
}

test('a third attempt runs alone among the writers, first come, first served, and readers never wait', async () => {
  const { database, run } = await openDatabase();
  await run('create table t (id integer)');
  const order: string[] = [];
  const first = await database.begin({ access: 'write' });
  const alone = beginAlone(database).then((transaction) => {
    order.push('alone');
    return transaction;
  });
  const later = [
    run('insert into t values (1)').then(() => order.push('later')),
    database.begin({ access: 'write' }).then((transaction) => {
      order.push('later');
      return transaction.rollback();
    }),
  ];
  await run('select 1', [], { access: 'read' });
  await (await database.begin({ access: 'read' })).commit();
  expect(order).toEqual([]);
  await first.commit();
  const transaction = await alone;
  await runIn(transaction, 'insert into t values (2)');
  await run('select 1', [], { access: 'read' });
  expect(order).toEqual(['alone']);
  await transaction.commit();
  await Promise.all(later);
  expect(order).toEqual(['alone', 'later', 'later']);
});

test('who waits to be alone may give up, and holds nobody up then', async () => {
  const { database, run } = await openDatabase();
  const first = await database.begin({ access: 'write' });
  const controller = new AbortController();
  const aborted = rejection(database.begin({ access: 'write', attempt: 3, signal: controller.signal }));
  const late = rejection(database.begin({ access: 'write', attempt: 3, deadline: performance.now() + 50 }));
  const waiting = run('select 1');
  controller.abort();
  expect(await aborted).toMatchObject({ code: 'aborted' });
  expect(await late).toMatchObject({ code: 'timeout' });
  await waiting;
  await first.rollback();
  expect(database.metrics().writer).toMatchObject({ held: 0, failures: 2 });
});

test('writers that wait for what is behind the one that would be alone are not held up for ever', async () => {
  const { database, run } = await openDatabase();
  const first = await database.begin({ access: 'write' });
  const alone = beginAlone(database);
  await run('select 1');
  await (await alone).rollback();
  await first.rollback();
});

test('finishes what it has held up before it closes', async () => {
  const { database, run } = await openDatabase({ poolSize: 2 });
  await run('create table t (id integer)');
  const first = await database.begin({ access: 'write' });
  const alone = beginAlone(database);
  const writing = Array.from({ length: 5 }, (_, id) => run('insert into t values ($1)', [id]));
  await until(() => database.metrics().writer.queued.normal >= 6);
  const closing = database.close();
  expect(await rejection(run('select 1'))).toMatchObject({ code: 'closed' });
  await first.commit();
  const transaction = await alone;
  expect((await runIn(transaction, 'select * from t')).rows).toEqual([]);
  await transaction.commit();
  await Promise.all([...writing, closing]);
  expect(database.metrics().engine).toMatchObject({ poolTotal: 0, poolIdle: 0 });
});
