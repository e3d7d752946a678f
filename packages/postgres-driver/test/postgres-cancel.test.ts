import { AbortedError, TimeoutError } from '@sluice/core';
import { type OpenedDatabase, rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase, untilPool } from './opened-database.js';

const SLEEPING = `select count(*) as n from pg_stat_activity
  where datname = current_database() and state = 'active' and query like 'select pg_sleep%'`;

async function untilSleeping({ rows }: OpenedDatabase): Promise<void> {
  await until(async () => (await rows(SLEEPING))[0]?.n === 1);
}

test('cancels on the server what the signal aborts, with the reason as its cause', async () => {
  const opened = await openDatabase();
  const controller = new AbortController();
  const running = rejection(
    opened.run('select pg_sleep(60)', [], { signal: controller.signal, label: 'report' }),
  );
  await untilSleeping(opened);
  controller.abort(new Error('the reason'));
  const error = await running;
  expect(error).toBeInstanceOf(AbortedError);
  expect(error).toMatchObject({ operation: 'report', cause: { message: 'the reason' } });
  expect(await opened.rows(SLEEPING)).toEqual([{ n: 0 }]);
});

test('cancels on the server what outlives its deadline', async () => {
  const opened = await openDatabase();
  const error = await rejection(opened.run('select pg_sleep(60)', [], { deadline: performance.now() + 100 }));
  expect(error).toBeInstanceOf(TimeoutError);
  expect((error as Error).cause).toMatchObject({ code: '57014' });
  expect(await opened.rows(SLEEPING)).toEqual([{ n: 0 }]);
});

test('never hits the next statement of the connection', async () => {
  const { database, run, rows } = await openDatabase({ poolSize: 1 });
  for (let round = 0; round < 30; round += 1) {
    const deadline = performance.now() + 2 + Math.random() * 6;
    await run('select pg_sleep(0.005)', [], { deadline }).catch((error: unknown) => {
      expect(error).toBeInstanceOf(TimeoutError);
    });
    expect(await rows('select pg_sleep(0.001), $1::integer as round', [round])).toMatchObject([{ round }]);
  }
  await untilPool({ database }, 1, 1);
});

test('leaves a transaction to be rolled back', async () => {
  const { database, run, rows } = await openDatabase();
  await run('create table t (id integer)');
  const transaction = await database.begin({ access: 'write' });
  await runIn(transaction, 'insert into t values (1)');
  const deadline = performance.now() + 50;
  expect(await rejection(runIn(transaction, 'select pg_sleep(60)', [], { deadline }))).toBeInstanceOf(
    TimeoutError,
  );
  await transaction.rollback();
  expect(await rows('select * from t')).toEqual([]);
});

test('executes nothing for a call that is over before it begins', async () => {
  const { database, run, rows } = await openDatabase();
  await run('create table t (id integer)');
  const aborted = AbortSignal.abort();
  expect(await rejection(run('insert into t values (1)', [], { signal: aborted }))).toBeInstanceOf(
    AbortedError,
  );
  const past = performance.now() - 1;
  expect(await rejection(run('insert into t values (1)', [], { deadline: past }))).toBeInstanceOf(
    TimeoutError,
  );
  expect(await rejection(database.begin({ access: 'write', deadline: past }))).toBeInstanceOf(TimeoutError);
  expect(await rows('select * from t')).toEqual([]);
});

test('cancels a stream while it reads', async () => {
  const { database } = await openDatabase();
  const statement = {
    sql: 'select n, pg_sleep(0.02) from generate_series(1, 1000) n',
    parameters: [],
    access: 'read',
  } as const;
  const read = async (): Promise<void> => {
    for await (const _ of database.stream(statement, 2, { deadline: performance.now() + 100 }));
  };
  expect(await rejection(read())).toBeInstanceOf(TimeoutError);
  expect(database.metrics().readers.held).toBe(0);
  await untilPool({ database }, 1, 1);
});

test('tells a statement that the server cancelled by itself as a timeout', async () => {
  const { database } = await openDatabase();
  const transaction = await database.begin({ access: 'write' });
  await runIn(transaction, `set local statement_timeout = 20`);
  const error = await rejection(runIn(transaction, 'select pg_sleep(60)'));
  expect(error).toBeInstanceOf(TimeoutError);
  expect(String(error)).toContain('statement_timeout');
  await transaction.rollback();
});
