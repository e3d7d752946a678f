import { AbortedError, TimeoutError } from '@sluice/core';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { describe, expect, test } from 'vitest';
import { busyQuery, openDatabase } from './opened-database.js';
import { type Child, startChild } from './processes/child.js';

async function lockHolder(path: string): Promise<Child> {
  const child = startChild('hold-lock.mjs', path);
  await until(() => child.lines.includes('locked'));
  return child;
}

describe('another process holds the lock', () => {
  test('a write waits for it, and no error reaches the caller', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const holder = await lockHolder(db.path);
    let isDone = false;
    const write = db.run(`insert into entry values ('a')`, [], { access: 'write' }).then(() => {
      isDone = true;
    });
    await until(() => db.database.metrics().engine.lockWaiting === 1);
    expect(await db.rows('select * from entry')).toStrictEqual([]);
    expect(isDone).toBe(false);
    holder.process.stdin?.end();
    await write;
    const { locks } = db.database.metrics();
    expect(locks.failures).toBe(0);
  });

  test('C14 a wait counts once, however often it looks for the lock', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const holder = await lockHolder(db.path);
    const write = db.run(`insert into entry values ('a')`, [], { access: 'write' });
    await until(() => db.database.metrics().engine.lockWaiting === 1);
    await db.rows(busyQuery(2_000_000));
    holder.process.stdin?.end();
    await write;
    const { locks, engine } = db.database.metrics();
    expect(locks.retries).toBe(1);
    expect(engine.lockPolls).toBeGreaterThan(1);
    expect(engine.lockWaiting).toBe(0);
  });

  test('C14 who waits for the lock is not named as the holder of the writer', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const holder = await lockHolder(db.path);
    const transaction = await db.database.begin({ access: 'write', label: 'ui' });
    const insert = runIn(transaction, `insert into entry values ('a')`);
    await until(() => db.database.metrics().engine.lockWaiting === 1);
    expect(db.database.metrics().writer).not.toHaveProperty('holder');
    const queued = rejection(
      db.run('delete from entry', [], { access: 'write', deadline: performance.now() + 20 }),
    );
    expect(((await queued) as Error).message).not.toContain('ui');
    await db.rows(busyQuery(2_000_000));
    holder.process.stdin?.end();
    await insert;
    const { writer, locks } = db.database.metrics();
    expect(writer.holder).toMatchObject({ label: 'ui' });
    expect(writer.holder?.heldMs).toBeLessThan(locks.waits.totalMs);
    await transaction.rollback();
  });

  test('each waiting write ends at its own deadline or signal, and the rest goes on', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const holder = await lockHolder(db.path);
    const controller = new AbortController();
    const insert = (key: string, options: { deadline?: number; signal?: AbortSignal }): Promise<unknown> =>
      db.run('insert into entry values (?)', [key], { access: 'write', ...options });
    const since = performance.now();
    const late = rejection(insert('late', { deadline: since + 100 }));
    const aborted = rejection(insert('aborted', { signal: controller.signal }));
    const patient = insert('patient', {});
    controller.abort();
    expect(await aborted).toBeInstanceOf(AbortedError);
    expect(await late).toBeInstanceOf(TimeoutError);
    const begun = rejection(db.database.begin({ access: 'write', deadline: performance.now() + 50 }));
    expect(await begun).toBeInstanceOf(TimeoutError);
    holder.process.stdin?.end();
    await patient;
    expect(await db.rows('select key from entry')).toStrictEqual([{ key: 'patient' }]);
  });

  test('a transaction gives up at its deadline, and the writer is free', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const holder = await lockHolder(db.path);
    const deadline = performance.now() + 50;
    // BEGIN travels with the first statement.
    const transaction = await db.database.begin({ access: 'write', deadline });
    const insert = { sql: `insert into entry values ('b')`, parameters: [], access: 'write' } as const;
    expect(await rejection(transaction.execute(insert, { deadline }))).toBeInstanceOf(TimeoutError);
    await transaction.rollback();
    expect(await rejection(db.run('vacuum', [], { deadline: performance.now() + 50 }))).toBeInstanceOf(
      TimeoutError,
    );
    holder.process.stdin?.end();
    await db.run(`insert into entry values ('a')`, [], { access: 'write' });
  });

  test('the database is opened while another process writes', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const holder = await lockHolder(db.path);
    const other = await openDatabase({ path: db.path });
    expect(await other.rows('select * from entry')).toStrictEqual([]);
    holder.process.stdin?.end();
  });
});

describe('several processes', () => {
  test('insert into one file at once, none of them with an error', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const children = ['a', 'b', 'c', 'd'].map((prefix) =>
      startChild('insert.mjs', db.path, prefix, '300', '16'),
    );
    expect(await Promise.all(children.map(({ ended }) => ended))).toStrictEqual([0, 0, 0, 0]);
    expect(await db.rows('select count(*) as count from entry')).toStrictEqual([{ count: 1200 }]);
  });

  test('open a file that does not exist yet at once', async () => {
    const db = await openDatabase();
    const path = `${db.path}-new`;
    const children = Array.from({ length: 4 }, () => startChild('open-and-leave.mjs', path));
    expect(await Promise.all(children.map(({ ended }) => ended))).toStrictEqual([0, 0, 0, 0]);
  });

  test('what was acknowledged survives kill -9, and nothing is half done', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    await db.run('create table account (name text primary key, balance integer)');
    await db.run(`insert into account values ('a', 0), ('b', 0)`);
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const inserting = startChild('insert.mjs', db.path, String(round), '1000000', '32');
      const moving = startChild('transfer.mjs', db.path, '1000000');
      await until(() => inserting.lines.length > 200 + round * 37 && moving.lines.length > 3);
      inserting.process.kill('SIGKILL');
      moving.process.kill('SIGKILL');
      await Promise.all([inserting.ended, moving.ended]);
      acknowledged.push(...inserting.lines);
    }
    expect(await db.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
    expect(await db.rows('select sum(balance) as sum from account')).toStrictEqual([{ sum: 0 }]);
    const stored = new Set((await db.rows('select key from entry')).map(({ key }) => key));
    expect(acknowledged.filter((key) => !stored.has(key))).toStrictEqual([]);
  });
});
