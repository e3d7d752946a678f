import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase, untilPool } from './opened-database.js';

const SETTINGS = `select current_setting('transaction_isolation') as isolation, current_setting('transaction_read_only') as "readOnly"`;

test('runs a single read on one snapshot without predicate locks, and everything else serializable', async () => {
  const { rows, database } = await openDatabase({ poolSize: 1 });
  for (let round = 0; round < 2; round += 1) {
    for (const access of ['read', 'write', 'unknown', 'read'] as const) {
      const expected =
        access === 'read'
          ? { isolation: 'repeatable read', readOnly: 'on' }
          : { isolation: 'serializable', readOnly: 'off' };
      expect(await rows(SETTINGS, [], { access })).toEqual([expected]);
    }
  }
  expect(database.metrics().engine).toMatchObject({ poolTotal: 1, poolIdle: 1 });
});

test('a single read makes no writer fail', async () => {
  const { database, rows, run } = await openDatabase();
  await run('create table t (id integer primary key, v integer)');
  await run('insert into t values (1, 1)');
  const writer = await database.begin({ access: 'write' });
  await runIn(writer, 'update t set v = 2');
  await rows('select * from t', [], { access: 'read' });
  const locks = `select count(*) as n from pg_locks where mode = 'SIReadLock' and relation = 't'::regclass
    and pid <> (select pid from pg_stat_activity where state = 'idle in transaction' and datname = current_database())`;
  expect(await rows(locks, [], { access: 'read' })).toEqual([{ n: 0 }]);
  await writer.commit();
});

test('a deferrable read waits for the writers that were at work, and leaves no predicate locks', async () => {
  const { database, run } = await openDatabase();
  await run('create table t (id integer primary key, v integer)');
  const writer = await database.begin({ access: 'write' });
  await runIn(writer, 'insert into t select count(*), 1 from t');
  const reader = await database.begin({ access: 'read', isolation: 'serializable', deferrable: true });
  const told: string[] = [];
  const read = runIn(reader, `${SETTINGS}, current_setting('transaction_deferrable') as deferrable`).then(
    ({ rows }) => {
      told.push('read');
      return rows;
    },
  );
  const waiting = `select count(*) as n from pg_stat_activity where wait_event = 'SafeSnapshot'`;
  await until(async () => (await run(waiting)).rows[0]?.n === 1);
  told.push('written');
  await writer.commit();
  expect(await read).toEqual([{ isolation: 'serializable', readOnly: 'on', deferrable: 'on' }]);
  expect(told).toEqual(['written', 'read']);
  await reader.rollback();
});

test('a deferrable read that waits for too long ends at its deadline', async () => {
  const { database, run } = await openDatabase();
  await run('create table t (id integer primary key, v integer)');
  const writer = await database.begin({ access: 'write' });
  await runIn(writer, 'insert into t select count(*), 1 from t');
  const reader = await database.begin({ access: 'read', isolation: 'serializable', deferrable: true });
  const late = runIn(reader, 'select * from t', [], { deadline: performance.now() + 200 });
  expect(await rejection(late)).toMatchObject({ code: 'timeout' });
  await reader.rollback();
  await writer.commit();
});

test('makes a read that turns out to write again, as a write', async () => {
  const { rows, run, url } = await openDatabase();
  await run('create table t (level text)');
  await run(`create function note() returns text language sql as
    $$insert into t values (current_setting('transaction_isolation')) returning level$$`);
  expect(await rows('select note()', [], { access: 'read' })).toEqual([{ note: 'serializable' }]);
  expect(await rows('select * from t', [], { access: 'read' })).toEqual([{ level: 'serializable' }]);
  const readOnly = await openDatabase({ url: `${url}?options=-c%20default_transaction_read_only%3Don` });
  const error = await rejection(readOnly.run('select note()', [], { access: 'read' }));
  expect(error).toMatchObject({ code: 'invalid_query', cause: { code: '25006' } });
  expect(await rejection(readOnly.run('delete from t'))).toMatchObject({ cause: { code: '25006' } });
});

test('lends reads and writes the connections that are set up for them', async () => {
  const { rows, run, database } = await openDatabase({ poolSize: 2, snapshots: 2 });
  // The second connection is opened for a transaction, which leaves its session as it is.
  const first = await database.begin({ access: 'read' });
  const second = await database.begin({ access: 'read' });
  await first.rollback();
  await second.rollback();
  // A statement that touches rows asks what tables do; once that is known, no session is reset any more.
  await rows('select 1', [], { access: 'read' });
  await untilPool({ database }, 2, 2);
  const pid = 'select pg_backend_pid() as pid';
  const reader = await rows(pid, [], { access: 'read' });
  const writer = (await run(pid)).rows;
  expect(writer).not.toEqual(reader);
  for (let round = 0; round < 5; round += 1) {
    expect(await rows(pid, [], { access: 'read' })).toEqual(reader);
    expect((await run(pid)).rows).toEqual(writer);
  }
});

test('finds its session set up after it was restored', async () => {
  const { rows, run } = await openDatabase({ poolSize: 1 });
  await rows(SETTINGS, [], { access: 'read' });
  await run(`set timezone = 'Asia/Tokyo'`);
  expect(await rows(SETTINGS, [], { access: 'write' })).toEqual([
    { isolation: 'serializable', readOnly: 'off' },
  ]);
  expect(await rows(SETTINGS, [], { access: 'read' })).toEqual([
    { isolation: 'repeatable read', readOnly: 'on' },
  ]);
});

test('attributes the failure of a statement that changes the mode ahead of it', async () => {
  const { rows, run } = await openDatabase({ poolSize: 1 });
  for (let round = 0; round < 3; round += 1) {
    expect(await rejection(run('select 1 / 0', [], { access: 'read' }))).toMatchObject({
      code: 'invalid_query',
    });
    expect(await rejection(run('select nothing'))).toMatchObject({ code: 'unknown_column' });
  }
  const slow = run('select pg_sleep(60)', [], { access: 'read', deadline: performance.now() + 30 });
  expect(await rejection(slow)).toMatchObject({ code: 'timeout' });
  expect(await rows('select 1 as one', [], { access: 'write' })).toEqual([{ one: 1 }]);
});

test('begins a transaction with its first statement, and tells whose failure it is', async () => {
  const { database, rows, run } = await openDatabase({ poolSize: 1 });
  await run('create table t (id integer primary key)');
  const failed = await database.begin({ access: 'write' });
  expect(await rejection(runIn(failed, 'insert into t values (1 / 0)'))).toMatchObject({
    code: 'invalid_query',
  });
  expect(await rejection(runIn(failed, 'select 1'))).toMatchObject({ code: 'transaction_broken' });
  await failed.rollback();
  const empty = await database.begin({ access: 'write' });
  await empty.commit();
  const slow = await database.begin({ access: 'write' });
  const sleeping = slow.execute(
    { sql: 'select pg_sleep(60)', parameters: [], access: 'read' },
    { deadline: performance.now() + 30 },
  );
  expect(await rejection(sleeping)).toMatchObject({ code: 'timeout' });
  await slow.rollback();
  const streaming = await database.begin({ access: 'read' });
  const statement = { sql: SETTINGS, parameters: [], access: 'read' } as const;
  for await (const batch of streaming.stream(statement, 10, {}))
    expect(batch).toEqual([{ isolation: 'repeatable read', readOnly: 'on' }]);
  await streaming.commit();
  expect(await rows('select * from t')).toEqual([]);
});
