import { ConflictError, UsageError } from '@sluice/core';
import { type OpenedDatabase, rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase, untilPool } from './opened-database.js';

async function openAccounts(): Promise<OpenedDatabase> {
  const opened = await openDatabase();
  await opened.run('create table account (id integer primary key, balance integer not null)');
  await opened.run('insert into account values (1, 10), (2, 20)');
  return opened;
}

test('commits what was written and rolls back what was not', async () => {
  const { database, rows } = await openAccounts();
  const kept = await database.begin({ access: 'write' });
  await runIn(kept, 'update account set balance = 11 where id = 1');
  await kept.commit();
  const undone = await database.begin({ access: 'write' });
  await runIn(undone, 'update account set balance = 99');
  await undone.rollback();
  expect(await rows('select balance from account order by id')).toEqual([{ balance: 11 }, { balance: 20 }]);
});

test('is serializable unless less is asked for', async () => {
  const { database } = await openDatabase();
  const levels: unknown[] = [];
  for (const isolation of [undefined, 'read committed', 'repeatable read', 'serializable'] as const) {
    const transaction = await database.begin({ access: 'write', isolation });
    levels.push((await runIn(transaction, 'show transaction_isolation')).rows[0]?.transaction_isolation);
    await transaction.rollback();
  }
  expect(levels).toEqual(['serializable', 'read committed', 'repeatable read', 'serializable']);
});

test('refuses a lost update with a conflict that may be replayed', async () => {
  const { database } = await openAccounts();
  const first = await database.begin({ access: 'write' });
  const second = await database.begin({ access: 'write' });
  await runIn(first, 'select balance from account where id = 1');
  await runIn(second, 'select balance from account where id = 1');
  await runIn(first, 'update account set balance = 11 where id = 1');
  await first.commit();
  const error = await rejection(runIn(second, 'update account set balance = 12 where id = 1'));
  expect(error).toBeInstanceOf(ConflictError);
  expect(error).toMatchObject({ code: 'conflict', reason: 'serialization', retryable: true });
  await second.rollback();
  expect(database.metrics().locks).toMatchObject({ retries: 1 });
});

test('refuses write skew, at the latest at COMMIT, and gives the connection back', async () => {
  const { database } = await openAccounts();
  const first = await database.begin({ access: 'write' });
  const second = await database.begin({ access: 'write' });
  await runIn(first, 'select sum(balance) from account');
  await runIn(second, 'select sum(balance) from account');
  await runIn(first, 'update account set balance = 0 where id = 1');
  await runIn(second, 'update account set balance = 0 where id = 2');
  await first.commit();
  expect(await rejection(second.commit())).toMatchObject({ code: 'conflict', reason: 'serialization' });
  await untilPool({ database }, 2, 2);
});

test('ends a deadlock with a conflict for one of the two', async () => {
  const { database } = await openAccounts();
  const first = await database.begin({ access: 'write', isolation: 'read committed' });
  const second = await database.begin({ access: 'write', isolation: 'read committed' });
  await runIn(first, 'update account set balance = 1 where id = 1');
  await runIn(second, 'update account set balance = 2 where id = 2');
  const outcomes = await Promise.allSettled([
    runIn(first, 'update account set balance = 1 where id = 2').finally(() => first.rollback()),
    runIn(second, 'update account set balance = 2 where id = 1').finally(() => second.rollback()),
  ]);
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(failed).toHaveLength(1);
  expect(failed[0]?.reason).toMatchObject({ code: 'conflict', reason: 'deadlock' });
});

test('tells a lock that was not free as a conflict', async () => {
  const { database } = await openAccounts();
  const holder = await database.begin({ access: 'write' });
  await runIn(holder, 'select 1 from account where id = 1 for update');
  const other = await database.begin({ access: 'write' });
  const error = await rejection(runIn(other, 'select 1 from account where id = 1 for update nowait'));
  expect(error).toMatchObject({ code: 'conflict', reason: 'lock_timeout' });
  await Promise.all([holder.rollback(), other.rollback()]);
});

test('never acknowledges the COMMIT of a failed transaction', async () => {
  const { database, rows } = await openAccounts();
  const transaction = await database.begin({ access: 'write' });
  await runIn(transaction, 'insert into account values (3, 30)');
  await rejection(runIn(transaction, 'insert into account values (1, 0)'));
  expect(await rejection(runIn(transaction, 'select 1'))).toMatchObject({ code: 'transaction_broken' });
  expect(await rejection(transaction.commit())).toMatchObject({ code: 'transaction_broken' });
  expect(await rows('select id from account where id = 3')).toEqual([]);
  expect(database.metrics().engine.poolIdle).toBe(1);
});

test('raises a deferred constraint at COMMIT, with its columns', async () => {
  const { database, run, rows } = await openAccounts();
  await run(`create table transfer (id integer primary key,
    source integer, constraint transfer_source_fk foreign key (source) references account deferrable initially deferred)`);
  const transaction = await database.begin({ access: 'write' });
  await runIn(transaction, 'insert into transfer values (1, 99)');
  expect(await rejection(transaction.commit())).toMatchObject({
    code: 'foreign_key_violation',
    table: 'transfer',
    columns: ['source'],
    constraint: 'transfer_source_fk',
  });
  expect(await rows('select * from transfer')).toEqual([]);
});

test('reads one snapshot, takes no lock and refuses to write', async () => {
  const { database, run } = await openAccounts();
  const reader = await database.begin({ access: 'read' });
  const before = await runIn(reader, 'select sum(balance) as total from account');
  await run('update account set balance = 0');
  expect((await runIn(reader, 'select sum(balance) as total from account')).rows).toEqual(before.rows);
  const error = await rejection(runIn(reader, 'delete from account'));
  expect(error).toBeInstanceOf(UsageError);
  expect(error).toMatchObject({ code: 'invalid_query' });
  await reader.rollback();
});

test('notices a statement that ends the transaction by itself', async () => {
  const { database } = await openAccounts();
  const transaction = await database.begin({ access: 'write' });
  expect(await rejection(runIn(transaction, 'commit'))).toMatchObject({ code: 'transaction_ended' });
  await transaction.rollback();
  expect(database.metrics().engine.poolIdle).toBe(1);
});

test('keeps a single statement from leaving a transaction open', async () => {
  const { database, run } = await openDatabase();
  expect(await rejection(run('begin'))).toMatchObject({ code: 'invalid_query' });
  expect(await rejection(run('select 1; select 2'))).toMatchObject({ code: 'invalid_query' });
  await untilPool({ database }, 1, 1);
});

test('runs schema changes one after the other, each seeing the one before', async () => {
  const { database, rows } = await openDatabase();
  const first = await database.begin({ access: 'write', isSchemaChange: true });
  await runIn(first, 'create table once (id integer)');
  let hasBegun = false;
  const second = database.begin({ access: 'write', isSchemaChange: true }).then((transaction) => {
    hasBegun = true;
    return transaction;
  });
  // It waits in no statement, which would hold a snapshot, but asks now and then.
  const asking = `select 1 from pg_stat_activity where datname = current_database() and state = 'idle in transaction'
    and query like '%pg_try_advisory_xact_lock%'`;
  await until(async () => (await rows(asking)).length === 1);
  expect(hasBegun).toBe(false);
  await first.commit();
  const after = await second;
  const { rows: found } = await runIn(after, `select count(*) as n from pg_tables where tablename = 'once'`);
  expect(found).toEqual([{ n: 1 }]);
  await after.rollback();
});

test('gives up waiting for a schema change at the deadline', async () => {
  const { database } = await openDatabase();
  const first = await database.begin({ access: 'write', isSchemaChange: true });
  const deadline = performance.now() + 150;
  const error = await rejection(database.begin({ access: 'write', isSchemaChange: true, deadline }));
  expect(error).toMatchObject({ code: 'timeout' });
  await first.rollback();
  // The caller is answered at the deadline, the connection is given back when the server has.
  await until(() => database.metrics().writer.held === 0);
});

test('counts commits, rollbacks and conflicts', async () => {
  const { database, run } = await openAccounts();
  const before = database.metrics();
  await run('select 1');
  await rejection(run('select 1 / 0'));
  const transaction = await database.begin({ access: 'write' });
  await transaction.rollback();
  const after = database.metrics();
  expect(after.commits - before.commits).toBe(1);
  expect(after.rollbacks - before.rollbacks).toBe(2);
});
