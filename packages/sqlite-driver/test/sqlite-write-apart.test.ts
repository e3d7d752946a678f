import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AbortedError, UniqueViolationError, ValueError } from '@sluice/core';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { busyQuery, type OpenedFile, openDatabase } from './opened-database.js';
import { startChild } from './processes/child.js';

/** The processes that were started, as Node itself announces them. */
const children: ChildProcess[] = [];
const note = (message: unknown): number => children.push((message as { process: ChildProcess }).process);
subscribe('child_process', note);
afterAll(() => unsubscribe('child_process', note));

let db: OpenedFile;

beforeEach(async () => {
  db = await openDatabase();
  children.length = 0;
  await db.run('create table item (id integer primary key, name text unique, bytes bytea_blob)');
});

/** A write with a deadline, as every call of a storage has. */
const write = (sql: string, parameters: unknown[] = [], deadlineMs = 30_000) =>
  db.run(sql, parameters, { access: 'write', deadline: performance.now() + deadlineMs });

const names = async (): Promise<unknown[]> =>
  (await db.rows('select name from item order by id')).map(({ name }) => name);

const { engine } = { engine: () => db.database.metrics().engine };

describe('a single write with a query in it', () => {
  test('gives what it gives in the thread, the first time in a process and then in the thread', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const sql = 'insert into item (name, bytes) select ?, ? where ? > 1 returning id, name, bytes';
    const first = await write(sql, ['a', bytes, 2n]);
    expect(first).toMatchObject({ rows: [{ id: 1, name: 'a', bytes }], affectedRows: 1 });
    expect(children).toHaveLength(1);
    const { groups } = engine();
    expect(await write(sql, ['b', bytes, 2n])).toMatchObject({ rows: [{ id: 2, name: 'b', bytes }] });
    expect(engine().groups).toBe((groups ?? 0) + 1);
    expect(await names()).toStrictEqual(['a', 'b']);
  });

  test('reports the number of the inserted row', async () => {
    await write(`insert into item (id, name) values (7, 'a')`);
    const { lastInsertId, affectedRows } = await write(`insert into item (name) select 'b'`);
    expect({ lastInsertId, affectedRows }).toStrictEqual({ lastInsertId: 8n, affectedRows: 1 });
    expect(children).toHaveLength(1);
  });

  test('is undone when it fails, and the next one follows', async () => {
    const twice = `insert into item (name) select 'a' union all select 'a'`;
    expect(await rejection(write(twice))).toBeInstanceOf(UniqueViolationError);
    await write(`insert into item (name) select 'b'`);
    expect(await names()).toStrictEqual(['b']);
    expect(children).toHaveLength(1);
  });

  test('returns long results in order', async () => {
    const numbers =
      'with recursive c(x) as (select 1 union all select x + 1 from c where x < 5000) select x, x from c';
    const { rows } = await write(`insert into item (id, name) ${numbers} returning id`);
    expect(rows).toHaveLength(5000);
    expect(rows.at(-1)).toStrictEqual({ id: 5000 });
  });

  test('with a common table expression runs in a process each time, one after the other', async () => {
    const numbered = 'insert into item (name) with c as (select ? as name) select name from c';
    await Promise.all(Array.from({ length: 20 }, (_, index) => write(numbered, [`${index}`])));
    expect(await names()).toHaveLength(20);
    expect(children).toHaveLength(1);
  });

  test('without a deadline runs in the thread', async () => {
    await db.run(`insert into item (name) select 'a'`, [], { access: 'write' });
    expect(children).toHaveLength(0);
  });

  test('that is aborted is not stored, although it has written to the WAL', async () => {
    db = await openDatabase({ cacheBytes: 65_536 });
    await db.run('create table item (id integer primary key, name text, bytes bytea_blob)');
    await db.run(`insert into item (name) values ('a')`);
    const before = engine().walBytes ?? 0;
    const abort = new AbortController();
    const endless =
      'insert into item (bytes) with recursive c(x) as (select 1 union all select x + 1 from c) select zeroblob(1000) from c';
    const cut = rejection(db.run(endless, [], { access: 'write', signal: abort.signal }));
    await until(() => (engine().walBytes ?? 0) > before + 1_000_000);
    abort.abort();
    expect(await cut).toBeInstanceOf(AbortedError);
    await write(`insert into item (name) values ('b')`);
    expect(await names()).toStrictEqual(['a', 'b']);
    expect(await db.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
  });

  test('whose process is killed from outside did not happen, and may be made again', async () => {
    const busy = `insert into item (id) select n from (${busyQuery(1_000_000_000)})`;
    const lost = rejection(write(busy));
    await until(() => children.length === 1 && db.database.metrics().writer.held === 1);
    await until(() => engine().writerProcesses === 1);
    children[0]?.kill('SIGKILL');
    expect(await lost).toMatchObject({ code: 'connection_lost', retryable: true });
    await write(`insert into item (name) select 'a'`);
    expect(await names()).toStrictEqual(['a']);
  });

  test('waits for the lock of another process, and is dropped at its deadline', async () => {
    await write(`insert into item (name) select 'a'`);
    const holder = startChild('hold-lock.mjs', db.path);
    await until(() => holder.lines.includes('locked'));
    const sql = 'insert into item (name) with c as (select ? as name) select name from c';
    expect(await rejection(write(sql, ['b'], 300))).toMatchObject({ code: 'timeout' });
    const waiting = write(sql, ['c']);
    await until(() => engine().lockWaiting === 1);
    holder.process.stdin?.end();
    await waiting;
    expect(await names()).toStrictEqual(['a', 'c']);
  });
});

test('a value that cannot be stored is refused in a process as in the thread', async () => {
  const twice = 'insert into item (name) select ?';
  expect(await rejection(write(twice, [Number.NaN]))).toBeInstanceOf(ValueError);
});

test('transactions in a process keep their order with writes in the thread', async () => {
  db = await openDatabase({ childProcesses: 'transactions' });
  await db.run('create table counter (n integer)');
  await db.run('insert into counter values (0)');
  const increment = async (): Promise<void> => {
    const transaction = await db.database.begin({ access: 'write' });
    await runIn(transaction, 'update counter set n = n + 1');
    await transaction.commit();
  };
  const single = () => db.run('update counter set n = n + 1', [], { access: 'write' });
  await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? increment() : single())));
  expect(await db.rows('select n from counter')).toStrictEqual([{ n: 40 }]);
  expect(db.database.metrics().engine.writerProcesses).toBe(1);
});
