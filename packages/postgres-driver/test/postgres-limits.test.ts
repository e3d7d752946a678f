import { ConflictError, TimeoutError } from '@sluice/core';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

test('ends the wait for a connection at its own limit', async () => {
  const { database, run } = await openDatabase({ poolSize: 1, acquireTimeoutMs: 50 });
  const holder = await database.begin({ access: 'write' });
  expect(await rejection(run('select 1', [], { deadline: performance.now() + 60_000 }))).toBeInstanceOf(
    TimeoutError,
  );
  await holder.rollback();
  await run('select 1');
});

test('has the server cancel a statement at its limit', async () => {
  const { run, rows } = await openDatabase({ poolSize: 1, statementTimeoutMs: 100 });
  expect(await rejection(run('select pg_sleep(60)'))).toBeInstanceOf(TimeoutError);
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('tells a lock that was not free in time as a conflict', async () => {
  const { database, run } = await openDatabase({ lockTimeoutMs: 50 });
  await run('create table t (id integer)');
  const holder = await database.begin({ access: 'write' });
  await runIn(holder, 'lock table t in access exclusive mode');
  const error = await rejection(run('insert into t values (1)', [], { access: 'write' }));
  expect(error).toBeInstanceOf(ConflictError);
  expect(error).toMatchObject({ reason: 'lock_timeout' });
  await holder.rollback();
});

test('has the server end a transaction that is left alone, and goes on', async () => {
  const { database, rows } = await openDatabase({ poolSize: 1, idleInTransactionTimeoutMs: 100 });
  const left = await database.begin({ access: 'write' });
  await runIn(left, 'select 1');
  await until(() => database.metrics().engine.poolTotal === 0);
  expect(await rejection(runIn(left, 'select 1'))).toMatchObject({ code: 'connection_lost' });
  await left.rollback();
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('frees a session lock, and takes back a setting, that a query left behind', async () => {
  const { url, run, rows } = await openDatabase({ poolSize: 1 });
  await run('select pg_advisory_lock(7)');
  await run(`select set_config('TimeZone', 'Asia/Tokyo', false)`);
  const [session] = await rows(
    `select current_setting('TimeZone') as zone, (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`,
  );
  expect(session).toEqual({ zone: 'UTC', locks: 0 });
  const other = await openDatabase({ url });
  expect(await other.rows('select pg_try_advisory_xact_lock(7) as free')).toEqual([{ free: true }]);
});
