import type { Worker } from 'node:worker_threads';
import { ConnectionError } from '@sluice/core';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { busyQuery, type OpenedFile, openDatabase } from './opened-database.js';

/** The threads that were started, as Node itself announces them. */
const workers: Worker[] = [];
const note = (worker: Worker): number => workers.push(worker);
process.on('worker', note);
afterAll(() => {
  process.off('worker', note);
});

let db: OpenedFile;
let writer: Worker;

beforeEach(async () => {
  // They would serve the next file.
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
  db = await openDatabase();
  [writer] = workers as [Worker];
  await db.run('create table item (id integer primary key)');
});

const ids = async (): Promise<unknown[]> =>
  (await db.rows('select id from item order by id')).map(({ id }) => id);

test('a writer that ends while idle is replaced by the next write', async () => {
  await writer.terminate();
  await db.run('insert into item values (1)');
  expect(await ids()).toStrictEqual([1]);
  expect(db.database.metrics().engine.writerRestarts).toBe(1);
});

test('a transaction whose thread ends is undone, and says that it may be made again', async () => {
  const transaction = await db.database.begin({ access: 'write' });
  await runIn(transaction, 'insert into item values (1)');
  await writer.terminate();
  const error = await rejection(runIn(transaction, 'insert into item values (2)'));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'connection_lost', retryable: true });
  await transaction.rollback();
  await db.run('insert into item values (3)');
  expect(await ids()).toStrictEqual([3]);
});

test('writes under way when the thread ends are answered, and did not happen', async () => {
  const slow = `insert into item select n from (${busyQuery(3_000_000)})`;
  const answers = [
    db.run(slow, [], { access: 'write' }),
    db.run('insert into item values (1)', [], { access: 'write' }),
  ];
  const refused = Promise.all(answers.map(rejection));
  await until(() => db.database.metrics().writer.held === 1);
  await writer.terminate();
  for (const error of await refused) expect(error).toMatchObject({ code: 'connection_lost' });
  await db.run('insert into item values (2)');
  expect(await ids()).toStrictEqual([2]);
});

test('a reader that ends is replaced', async () => {
  const snapshot = await db.database.begin({ access: 'read' });
  const read = db.rows(busyQuery(3_000_000), [], { access: 'read' });
  const refused = rejection(read);
  await until(() => db.database.metrics().engine.readerThreads === 2);
  await Promise.all(workers.slice(1).map((worker) => worker.terminate()));
  expect(await refused).toMatchObject({ code: 'connection_lost' });
  expect(await rejection(runIn(snapshot, 'select 1'))).toMatchObject({ code: 'connection_lost' });
  await snapshot.rollback();
  expect(await ids()).toStrictEqual([]);
});
