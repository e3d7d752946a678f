import type { Statement } from '@sluice/core';
import { rejection, runIn } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase, untilPool } from './opened-database.js';

function series(count: number): Statement {
  return { sql: 'select n from generate_series(1, $1::integer) n', parameters: [count], access: 'read' };
}

test.each([0, 1, 99, 100, 101, 1000])('gives all of %d rows in batches', async (count) => {
  const { database } = await openDatabase();
  const batches: number[] = [];
  let last: unknown;
  for await (const rows of database.stream(series(count), 100, {})) {
    batches.push(rows.length);
    last = rows.at(-1)?.n;
  }
  expect(batches.reduce((sum, length) => sum + length, 0)).toBe(count);
  expect(Math.max(0, ...batches)).toBeLessThanOrEqual(100);
  expect(last).toBe(count === 0 ? undefined : count);
  await untilPool({ database }, 1, 1);
});

test('reads no further than it is asked', async () => {
  const { database, run, rows } = await openDatabase();
  await run('create sequence progress');
  const statement = {
    sql: `select nextval('progress') as n from generate_series(1, 1000)`,
    parameters: [],
    access: 'unknown',
  } as const;
  const stream = database.stream(statement, 10, {})[Symbol.asyncIterator]();
  await stream.next();
  await stream.next();
  expect(await rows('select last_value::integer as n from progress')).toEqual([{ n: 20 }]);
  await stream.return?.();
});

test('sees one snapshot and does not hold a writer up', async () => {
  const { database, run } = await openDatabase();
  await run('create table t as select n from generate_series(1, 1000) n');
  let total = 0;
  for await (const batch of database.stream(
    { sql: 'select n from t', parameters: [], access: 'read' },
    100,
    {},
  )) {
    total += batch.length;
    await run('delete from t');
  }
  expect(total).toBe(1000);
});

test('gives the connection back clean when it is left early', async () => {
  const { database, rows } = await openDatabase({ poolSize: 1 });
  for await (const _ of database.stream(series(1_000_000), 10, {})) break;
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
  await untilPool({ database }, 1, 1);
});

test('passes an error in the middle on and frees what it held', async () => {
  const { database, rows } = await openDatabase({ poolSize: 1 });
  const statement = {
    sql: 'select 1 / (500 - n) as q from generate_series(1, 1000) n',
    parameters: [],
    access: 'read',
  } as const;
  let count = 0;
  const read = async (): Promise<void> => {
    for await (const batch of database.stream(statement, 100, {})) count += batch.length;
  };
  expect(await rejection(read())).toMatchObject({ code: 'invalid_query' });
  // What was fetched together with the row in error is lost with it.
  expect(count).toBe(100);
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
  await untilPool({ database }, 1, 1);
});

test('passes an error at its start on, and one of its own parameters', async () => {
  const { database } = await openDatabase({ poolSize: 1 });
  const read = (statement: Statement) => database.stream(statement, 10, {})[Symbol.asyncIterator]().next();
  expect(
    await rejection(read({ sql: 'select * from nowhere', parameters: [], access: 'read' })),
  ).toMatchObject({ code: 'unknown_table' });
  expect(await rejection(read({ sql: 'select $1', parameters: [undefined], access: 'read' }))).toMatchObject({
    code: 'invalid_query',
  });
  expect(database.metrics().readers.held).toBe(0);
});

test('passes the consumer’s own error on', async () => {
  const { database } = await openDatabase({ poolSize: 1 });
  const read = async (): Promise<void> => {
    for await (const _ of database.stream(series(1000), 10, {})) throw new RangeError('mine');
  };
  expect(await rejection(read())).toBeInstanceOf(RangeError);
  await untilPool({ database }, 1, 1);
});

test('streams what a write returns, and commits it', async () => {
  const { database, run, rows } = await openDatabase();
  await run('create table t (id integer)');
  const statement = {
    sql: 'insert into t select generate_series(1, 250) returning id',
    parameters: [],
    access: 'write',
  } as const;
  let count = 0;
  for await (const batch of database.stream(statement, 100, {})) count += batch.length;
  expect(count).toBe(250);
  expect(await rows('select count(*) as n from t')).toEqual([{ n: 250 }]);
});

test('streams inside a transaction, which goes on afterwards', async () => {
  const { database, run } = await openDatabase();
  await run('create table t (id integer)');
  const transaction = await database.begin({ access: 'write' });
  await runIn(transaction, 'insert into t select generate_series(1, 25)');
  for await (const _ of transaction.stream(
    { sql: 'select * from t', parameters: [], access: 'read' },
    10,
    {},
  ))
    break;
  expect((await runIn(transaction, 'select count(*) as n from t')).rows).toEqual([{ n: 25 }]);
  await transaction.commit();
});
