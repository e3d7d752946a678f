import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

/** Without the commands that reset a session. */
const PREPARED = `select count(*)::integer as n from pg_prepared_statements
  where statement !~ '^(close|discard|reset|set session authorization|unlisten) ' and statement !~ 'pg_advisory_unlock_all'`;
const BY_KEY = 'select * from t where id = $1';
const INSERT = 'insert into t (id, v) values ($1, $2)';

async function openPrepared(options: { prepare?: boolean } = {}) {
  const opened = await openDatabase({ poolSize: 1, ...options });
  await opened.run('create table t (id integer primary key, v integer)');
  for (let id = 0; id < 5; id += 1) {
    await opened.run(INSERT, [id, id], { access: 'write' });
    await opened.rows(BY_KEY, [id], { access: 'read' });
  }
  return opened;
}

test('prepares what comes again and again, unless it is told not to', async () => {
  const { rows } = await openPrepared();
  expect(await rows(PREPARED)).toEqual([{ n: 2 }]);
  const off = await openPrepared({ prepare: false });
  expect(await off.rows(PREPARED)).toEqual([{ n: 0 }]);
});

test('prepares no more than so many', async () => {
  const { rows } = await openPrepared();
  for (let n = 0; n < 120; n += 1) for (let use = 0; use < 3; use += 1) await rows(`select ${n}`);
  expect(await rows(PREPARED)).toEqual([{ n: 100 }]);
});

test('goes on when the schema has changed elsewhere', async () => {
  const { url, rows, run } = await openPrepared();
  const other = await openDatabase({ url });
  await other.run('alter table t add column w text');
  expect(await rows(BY_KEY, [1], { access: 'read' })).toEqual([{ id: 1, v: 1, w: null }]);
  for (let n = 0; n < 5; n += 1) await run(INSERT, [10 + n, 0], { access: 'write' });
  await other.run('alter table t alter column v type bigint');
  expect((await run(INSERT, [20, 2n ** 40n], { access: 'write' })).affectedRows).toBe(1);
  expect(await rows(BY_KEY, [20], { access: 'read' })).toEqual([{ id: 20, v: 2n ** 40n, w: null }]);
  await other.run('drop table t');
  expect(await rejection(rows(BY_KEY, [1], { access: 'read' }))).toMatchObject({ code: 'unknown_table' });
});

test('goes on when the session has lost them', async () => {
  const { rows, run } = await openPrepared();
  await run('deallocate all');
  expect(await rows(BY_KEY, [1], { access: 'read' })).toEqual([{ id: 1, v: 1 }]);
  await run('discard all');
  for (let n = 0; n < 5; n += 1)
    expect(await rows(BY_KEY, [1], { access: 'read' })).toEqual([{ id: 1, v: 1 }]);
  expect((await run(INSERT, [7, 7], { access: 'write' })).affectedRows).toBe(1);
});

test('tells the failure of a prepared statement as it is', async () => {
  const { rows, run } = await openPrepared();
  for (let n = 0; n < 3; n += 1) {
    expect(await rejection(run(INSERT, [1, 1], { access: 'write' }))).toMatchObject({
      code: 'unique_violation',
    });
    expect(await rejection(run(INSERT, [99, 2n ** 40n], { access: 'write' }))).toMatchObject({
      code: 'invalid_value',
    });
    expect(await rows(BY_KEY, [99], { access: 'read' })).toEqual([]);
  }
});

test('makes a transaction again whose prepared statement the schema has left behind', async () => {
  const url = await temporaryPostgresUrl();
  const { run } = await openDatabase({ url });
  await run('create table t (id integer primary key, v integer)');
  await run('insert into t values (1, 1)');
  const storage = await openStorage<{ t: { id: number; v: number } }>({
    url,
    drivers: [postgres({ poolSize: 1 })],
  });
  const read = (): Promise<unknown> =>
    storage.write((tx) => tx.repository('t', { key: 'id' }).get(1), { timeoutMs: 5000 });
  for (let n = 0; n < 5; n += 1) expect(await read()).toEqual({ id: 1, v: 1 });
  await run('alter table t add column w text');
  expect(await read()).toEqual({ id: 1, v: 1, w: null });
  expect(storage.metrics().replays).toEqual({ serialization: 1 });
  await storage.close();
});

test('prepares BEGIN, and makes a transaction again whose session has lost it', async () => {
  const url = await temporaryPostgresUrl();
  const { run } = await openDatabase({ url });
  await run('create table t (id integer primary key, v integer)');
  const storage = await openStorage<{ t: { id: number; v: number } }>({
    url,
    drivers: [postgres({ poolSize: 1 })],
  });
  const insert = (id: number): Promise<unknown> =>
    storage.write((tx) => tx.repository('t', { key: 'id' }).insert({ id, v: 0 }), { timeoutMs: 5000 });
  for (let id = 0; id < 5; id += 1) await insert(id);
  const { rows } = await sql<{ statement: string }>`
    select statement from pg_prepared_statements where statement like 'begin%'`.execute(storage.kysely);
  expect(rows).toEqual([{ statement: 'begin isolation level serializable read write' }]);
  await sql`deallocate all`.execute(storage.kysely);
  for (let id = 5; id < 10; id += 1) await insert(id);
  expect(await storage.repository('t', { key: 'id' }).count()).toBe(10);
  await storage.close();
});
