import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ClosedError, OverloadedError, TimeoutError } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

test('serves more callers than it has connections, in order', async () => {
  const { database, rows } = await openDatabase({ poolSize: 3 });
  const results = await Promise.all(
    Array.from({ length: 500 }, (_, n) => rows('select $1::integer as n', [n])),
  );
  expect(results.map(([row]) => row?.n)).toEqual(Array.from({ length: 500 }, (_, n) => n));
  const pool = (): Record<string, unknown> => database.metrics().engine;
  await until(() => pool().poolIdle === pool().poolTotal);
  expect(pool().poolTotal).toBeLessThanOrEqual(3);
});

test('ends the wait for a connection at the deadline', async () => {
  const { database, run } = await openDatabase({ poolSize: 1 });
  const holder = await database.begin({ access: 'write' });
  const error = await rejection(run('select 1', [], { deadline: performance.now() + 50 }));
  expect(error).toBeInstanceOf(TimeoutError);
  expect(String(error)).toContain('nothing was executed');
  await holder.rollback();
  expect(database.metrics().writer.failures).toBe(1);
});

test('refuses at once what the queue has no room for', async () => {
  const { database, run } = await openDatabase({ poolSize: 1, queueLimit: 1 });
  const holder = await database.begin({ access: 'write' });
  const waiting = run('select 1');
  await until(() => database.metrics().writer.queued.normal === 1);
  const error = await rejection(run('select 1'));
  expect(error).toBeInstanceOf(OverloadedError);
  expect(error).toMatchObject({ retryable: true });
  await holder.rollback();
  await waiting;
});

test('lets the urgent go first', async () => {
  const { database, run } = await openDatabase({ poolSize: 1 });
  const holder = await database.begin({ access: 'write' });
  const order: string[] = [];
  const calls = (['low', 'normal', 'high'] as const).map((priority) =>
    run('select 1', [], { priority }).then(() => order.push(priority)),
  );
  await holder.rollback();
  await Promise.all(calls);
  expect(order).toEqual(['high', 'normal', 'low']);
});

test('counts reads and writes apart', async () => {
  const { database, run } = await openDatabase();
  const before = database.metrics();
  await run('select 1', [], { access: 'read' });
  await run('select 1', [], { access: 'write' });
  const after = database.metrics();
  expect(after.readers.waits.count - before.readers.waits.count).toBe(1);
  expect(after.writer.waits.count - before.writer.waits.count).toBe(1);
});

test('closes a connection that has been idle for long', async () => {
  const { database, run } = await openDatabase({ idleTimeoutMs: 30 });
  await until(() => database.metrics().engine.poolTotal === 0);
  await run('select 1');
  expect(database.metrics().engine.poolTotal).toBe(1);
});

test('waits until the deadline for a server that takes no more connections, and then tells it as overloaded', async () => {
  const { url, run } = await openDatabase();
  const name = new URL(url).pathname.slice(1);
  const role = `${name}_role`;
  await run(`create role ${role} login password 'p' connection limit 1`);
  const limited = new URL(url);
  limited.username = role;
  limited.password = 'p';
  const { database } = await openDatabase({ url: limited.href });
  const holder = await database.begin({ access: 'read' });
  const deadline = performance.now() + 300;
  expect(await rejection(database.ping({ deadline }))).toBeInstanceOf(OverloadedError);
  const waiting = database.ping({});
  await holder.rollback();
  await waiting;
  await database.close();
  await run(`drop role ${role}`);
});

test('serves every caller over the few connections that the server has room for', async () => {
  const { url, run } = await openDatabase();
  const role = `${new URL(url).pathname.slice(1)}_few`;
  await run(`create role ${role} login password 'p' connection limit 2`);
  const limited = Object.assign(new URL(url), { username: role, password: 'p' });
  const few = await openDatabase({ url: limited.href, poolSize: 10 });
  const calls = Array.from({ length: 60 }, (_, id) =>
    few.run('select pg_sleep(0.01)', [], { access: id % 2 === 0 ? 'read' : 'unknown' }),
  );
  await Promise.all(calls);
  expect(few.database.metrics().engine.poolTotal).toBeLessThanOrEqual(2);
  await few.database.close();
  await run(`drop role ${role}`);
});

test('finishes what it accepted before it closes, and refuses what comes later', async () => {
  const { database, run, url } = await openDatabase({ poolSize: 2 });
  await run('create table t (id integer)');
  const accepted = Array.from({ length: 20 }, (_, id) =>
    run('insert into t select $1::integer from pg_sleep(0.005)', [id]),
  );
  const closing = Promise.all([database.close(), database.close()]);
  expect(await rejection(run('select 1'))).toBeInstanceOf(ClosedError);
  expect(await rejection(database.begin({ access: 'read' }))).toBeInstanceOf(ClosedError);
  await Promise.all([...accepted, closing]);
  expect(database.metrics().engine).toMatchObject({ poolTotal: 0, poolIdle: 0 });
  const { rows } = await openDatabase({ url });
  expect(await rows('select count(*) as n from t')).toEqual([{ n: 20 }]);
});

test('leaves no connection behind when opening fails halfway', async () => {
  const { url, rows } = await openDatabase();
  const wrong = new URL(url);
  wrong.search = '?options=-c%20search_path%3D%22%22%20-c%20no_such_setting%3D1';
  expect(await rejection(postgres().open(wrong.href))).toMatchObject({ code: 'invalid_configuration' });
  const others =
    'select count(*) as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
  await until(async () => (await rows(others))[0]?.n === 0);
});

test('lets the process end by itself after close', async () => {
  const url = await temporaryPostgresUrl();
  const program = `
    import { postgres } from '@sluice/postgres-driver';
    const database = await postgres().open(process.argv[1]);
    await Promise.all([1, 2, 3].map((n) => database.execute({ sql: 'select 1', parameters: [], access: 'read' }, {})));
    await database.close();`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program, url],
    {
      cwd: import.meta.dirname,
      timeout: 10_000,
    },
  );
  expect(stdout).toBe('');
});

test('gives every caller a session as it was opened', async () => {
  const { run, rows } = await openDatabase({ poolSize: 1 });
  await run(`set timezone = 'Asia/Tokyo'`);
  await run('create temporary table stray (id integer)');
  await run(`create role no_one_${process.pid}`);
  await run(`set role no_one_${process.pid}`);
  const [session] =
    await rows(`select current_setting('TimeZone') as zone, current_user = session_user as mine,
    to_regclass('stray') as stray, current_setting('transaction_isolation') as isolation`);
  expect(session).toEqual({ zone: 'UTC', mine: true, stray: null, isolation: 'serializable' });
  await run(`drop role no_one_${process.pid}`);
});

test('does not restore a session for a setting that ends with its transaction', async () => {
  const { database, rows } = await openDatabase({ poolSize: 1 });
  const transaction = await database.begin({ access: 'write' });
  await transaction.execute(
    { sql: `set local timezone = 'Asia/Tokyo'`, parameters: [], access: 'unknown' },
    {},
  );
  await transaction.commit();
  expect(await rows(`select current_setting('TimeZone') as zone`)).toEqual([{ zone: 'UTC' }]);
});

test('replaces a connection after its lifetime, in use or idle', async () => {
  const { database, rows } = await openDatabase({ poolSize: 1, maxLifetimeMs: 300 });
  const pid = async (): Promise<unknown> => (await rows('select pg_backend_pid() as pid'))[0]?.pid;
  const first = await pid();
  await until(async () => (await pid()) !== first);
  await until(() => database.metrics().engine.poolTotal === 0);
});
