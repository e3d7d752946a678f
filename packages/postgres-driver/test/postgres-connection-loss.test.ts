import { inspect } from 'node:util';
import { CommitUnknownError, ConnectionError } from '@sluice/core';
import { type OpenedDatabase, rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { layCable } from './cable.js';
import { openDatabase } from './opened-database.js';

/** Ends, from another connection, every connection of `victim` that matches. */
async function terminate(victim: OpenedDatabase, condition = 'true'): Promise<void> {
  const { run, rows, database } = await openDatabase({ url: victim.url, applicationName: 'killer' });
  const matching = `from pg_stat_activity where datname = current_database() and application_name <> 'killer' and ${condition}`;
  await until(async () => (await rows(`select 1 ${matching}`)).length > 0);
  await run(`select pg_terminate_backend(pid) ${matching}`);
  await until(async () => (await rows(`select 1 ${matching}`)).length === 0);
  await database.close();
}

const RUNS_SLEEP = `state = 'active' and query like '%pg_sleep(60)%'`;
const SLEEPS_HERE = `datname = current_database() and pid <> pg_backend_pid() and ${RUNS_SLEEP}`;

test('drops an idle connection that the server ended, and goes on', async () => {
  const victim = await openDatabase();
  await terminate(victim);
  await until(() => victim.database.metrics().engine.poolTotal === 0);
  expect(await victim.rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('tells a read that was cut off as a lost connection', async () => {
  const victim = await openDatabase();
  const reading = rejection(victim.run('select pg_sleep(60)', [], { access: 'read' }));
  await terminate(victim, RUNS_SLEEP);
  const error = await reading;
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'connection_lost', retryable: true });
  expect(await victim.rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('tells nobody the password of a connection that was lost', async () => {
  const owner = await openDatabase();
  const [role, password] = [`lost_${process.pid}`, 'a-very-secret-password'];
  await owner.run(`create role ${role} login password '${password}'`);
  const url = new URL(owner.url);
  Object.assign(url, { username: role, password });
  const victim = await openDatabase({ url: url.href });
  const reading = rejection(victim.run('select pg_sleep(60)', [], { access: 'read' }));
  await terminate(owner, RUNS_SLEEP);
  expect(inspect(await reading, { depth: 12, showHidden: true })).not.toContain(password);
  await victim.database.close();
  await owner.run(`drop role ${role}`);
});

test('tells a write that the server gave up before it was done as a lost connection, which may be replayed', async () => {
  const victim = await openDatabase();
  await victim.run('create table t (id integer)');
  const writing = rejection(victim.run('insert into t select 1 from pg_sleep(60)', [], { access: 'write' }));
  await terminate(victim, RUNS_SLEEP);
  expect(await writing).toMatchObject({ code: 'connection_lost' });
  expect(await victim.rows('select * from t')).toEqual([]);
});

test('tells the statements of a transaction that its connection is lost, and rolls back', async () => {
  const victim = await openDatabase();
  await victim.run('create table t (id integer)');
  const transaction = await victim.database.begin({ access: 'write' });
  await runIn(transaction, 'insert into t values (1)');
  await terminate(victim, `state = 'idle in transaction'`);
  const error = await rejection(runIn(transaction, 'select 1'));
  expect(error).toMatchObject({ code: 'connection_lost', cause: { code: '57P01' } });
  await transaction.rollback();
  expect(await victim.rows('select * from t')).toEqual([]);
  expect(victim.database.metrics().writer.held).toBe(0);
});

test('tells a COMMIT that was never sent as a lost connection, which may be replayed', async () => {
  const victim = await openDatabase();
  const transaction = await victim.database.begin({ access: 'write' });
  await runIn(transaction, 'select 1');
  await terminate(victim, `state = 'idle in transaction'`);
  expect(await rejection(transaction.commit())).toMatchObject({ code: 'connection_lost' });
});

test('tells a COMMIT that was cut off as unknown', async () => {
  const victim = await openDatabase();
  await victim.run('create table t (id integer primary key)');
  await victim.run(`create function slow() returns trigger language plpgsql as
    'begin perform pg_sleep(60); return null; end'`);
  await victim.run(
    'create constraint trigger slow after insert on t deferrable initially deferred for each row execute function slow()',
  );
  const transaction = await victim.database.begin({ access: 'write' });
  await runIn(transaction, 'insert into t values (1)');
  const committing = rejection(transaction.commit());
  await terminate(victim, `state = 'active' and query = 'commit'`);
  const error = await committing;
  expect(error).toBeInstanceOf(CommitUnknownError);
  expect(error).toMatchObject({ code: 'commit_unknown', retryable: false });
});

test('ends a stream whose connection is lost', async () => {
  const victim = await openDatabase();
  const read = async (): Promise<void> => {
    const statement = {
      sql: 'select n from generate_series(1, 1000) n',
      parameters: [],
      access: 'read',
    } as const;
    let isCut = false;
    for await (const _ of victim.database.stream(statement, 10, {})) {
      if (!isCut) await terminate(victim);
      isCut = true;
    }
  };
  expect(await rejection(read())).toMatchObject({ code: 'connection_lost' });
  expect(victim.database.metrics().readers.held).toBe(0);
});

test('cannot tell whether a write happened whose connection was cut', async () => {
  const observer = await openDatabase();
  await observer.run('create table t (id integer)');
  const cable = await layCable(observer.url);
  const { database, run } = await openDatabase({ url: cable.url });
  const writing = rejection(run('insert into t select 1 from pg_sleep(60)', [], { access: 'write' }));
  await until(
    async () => (await observer.rows(`select 1 from pg_stat_activity where ${SLEEPS_HERE}`)).length > 0,
  );
  cable.cut();
  const error = await writing;
  expect(error).toBeInstanceOf(CommitUnknownError);
  expect((error as Error).cause).toBeInstanceOf(ConnectionError);
  expect(database.metrics().writer.held).toBe(0);
});

test('knows that a read whose connection was cut may be made again', async () => {
  const observer = await openDatabase();
  const cable = await layCable(observer.url);
  const { run, rows } = await openDatabase({ url: cable.url });
  const reading = rejection(run('select pg_sleep(60)', [], { access: 'read' }));
  await until(
    async () => (await observer.rows(`select 1 from pg_stat_activity where ${SLEEPS_HERE}`)).length > 0,
  );
  cable.cut();
  expect(await reading).toMatchObject({ code: 'connection_lost', retryable: true });
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('cuts a connection whose server answers neither the statement nor the request to cancel it', async () => {
  const { url } = await openDatabase();
  const cable = await layCable(url);
  const { database, run } = await openDatabase({ url: cable.url });
  cable.block();
  const startedAt = performance.now();
  const [reading, writing] = await Promise.all([
    rejection(run('select 1', [], { access: 'read', deadline: startedAt + 100 })),
    rejection(run('select 1', [], { access: 'write', deadline: startedAt + 100 })),
  ]);
  expect(performance.now() - startedAt).toBeLessThan(11_000);
  expect(reading).toMatchObject({ code: 'timeout' });
  expect(['commit_unknown', 'timeout']).toContain((writing as { code: string }).code);
  expect(database.metrics().engine.poolTotal).toBe(0);
});
