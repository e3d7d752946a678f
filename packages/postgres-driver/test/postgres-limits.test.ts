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

test('keeps a limit of the role where it is stricter, and sets its own where that is', async () => {
  const owner = await openDatabase();
  const role = `limited_${process.pid}`;
  await owner.run(`create role ${role} login password 'p'`);
  try {
    await owner.run(`alter role ${role} set statement_timeout = '2min'`);
    await owner.run(`alter role ${role} set lock_timeout = '50ms'`);
    await owner.run(`alter role ${role} set idle_in_transaction_session_timeout = '1s'`);
    const url = Object.assign(new URL(owner.url), { username: role, password: 'p' }).href;
    const shown = `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle`;
    for (const pooler of [undefined, 'session', 'transaction'] as const) {
      const options = { url, statementTimeoutMs: 90_000, lockTimeoutMs: 60_000, ...(pooler && { pooler }) };
      const limited = await openDatabase(options);
      expect(await limited.rows(shown)).toEqual([{ statement: '90s', lock: '50ms', idle: '1s' }]);
      await limited.database.close();
    }
  } finally {
    await owner.run(`drop role ${role}`);
  }
});

test('has the server notice a client that is gone', async () => {
  const { url, rows } = await openDatabase();
  const shown = (name: string): string => `current_setting('tcp_${name}') as ${name}`;
  const sql = `select ${['keepalives_idle', 'keepalives_interval', 'keepalives_count', 'user_timeout'].map(shown).join(', ')}`;
  expect(await rows(sql)).toEqual([
    { keepalives_idle: '30', keepalives_interval: '10', keepalives_count: '3', user_timeout: '60000' },
  ]);
  const address = new URL(url);
  address.search =
    '?keepalives=1&keepalives_idle=45&keepalives_interval=7&keepalives_count=4&tcp_user_timeout=9000';
  const other = await openDatabase({ url: address.href });
  expect(await other.rows(sql)).toEqual([
    { keepalives_idle: '45', keepalives_interval: '7', keepalives_count: '4', user_timeout: '9000' },
  ]);
});
