import { type LockMetrics, openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { type AnyTables, openTables } from './opened-storage.js';

const SCHEMA = [
  'create table counter (id integer primary key, n integer not null)',
  'insert into counter values (1, 0), (2, 0)',
];

/** Two storages on one database, and a client beside them whose own statements nobody watches. */
async function openTwo() {
  const { storage: one, url } = await openTables<AnyTables>(SCHEMA);
  const two = await openStorage<AnyTables>({ url, drivers: [postgres()] });
  const counters = {
    one: one.repository('counter', { key: 'id' }),
    two: two.repository('counter', { key: 'id' }),
  };
  const hold = async (label: string) => {
    const held = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const holding = one.write(
      async (tx) => {
        await tx.repository('counter', { key: 'id' }).update(1, { n: 1 });
        held.resolve();
        await over.promise;
      },
      { label },
    );
    await held.promise;
    return async (): Promise<void> => {
      over.resolve();
      await holding;
    };
  };
  const observer = new Client(url);
  await observer.connect();
  return {
    one,
    two,
    counters,
    hold,
    observer,
    async [Symbol.asyncDispose]() {
      await observer.end();
      await two.close();
    },
  };
}

function locksOf(storage: { metrics(): { database: { locks: LockMetrics } } }): LockMetrics {
  return storage.metrics().database.locks;
}

/** Waits until a look at the waiting statements that began late enough to see it is over. */
async function untilSeen(observer: Client): Promise<void> {
  const { rows } = await observer.query<{ at: string }>("select clock_timestamp() + interval '200 ms' as at");
  await until(async () => {
    const { rows: looks } = await observer.query(
      `select from pg_stat_activity where datname = current_database() and query like '%pg_blocking_pids%'
       and pid <> pg_backend_pid() and state = 'idle' and query_start > $1`,
      [rows[0]?.at],
    );
    return looks.length > 0;
  });
}

test('a wait for a row that another call holds is measured, and tells its holder', async () => {
  await using opened = await openTwo();
  const { one, two, counters, hold, observer } = opened;
  expect(locksOf(two)).toMatchObject({ failures: 0, waits: { count: 0 } });
  const release = await hold('other');
  const waiting = counters.two.update(1, { n: 2 });
  await untilSeen(observer);
  await release();
  await waiting;
  const elsewhere = locksOf(two);
  expect(elsewhere.waits.count).toBe(1);
  expect(elsewhere.waits.maxMs).toBeGreaterThan(100);
  expect(Object.keys(elsewhere.holders ?? {})).toEqual(['(another process)']);

  const releaseAgain = await hold('month end');
  const behind = counters.one.update(1, { n: 3 });
  await untilSeen(observer);
  await releaseAgain();
  await behind;
  expect(locksOf(one).holders).toMatchObject({ 'month end': { count: 1 } });
});

test('a call that does not get its lock before its deadline is a failure, and says who held it', async () => {
  await using opened = await openTwo();
  const { one, counters, hold } = opened;
  const release = await hold('month end');
  const error = await rejection(counters.one.update(1, { n: 2 }, { timeoutMs: 5_000 }));
  await release();
  expect(error).toMatchObject({ code: 'timeout', cause: { code: 'conflict', reason: 'lock_timeout' } });
  expect(String((error as Error).cause)).toContain('"month end"');
  const { attempts, failures, failureRate, lastEvent, waits } = locksOf(one);
  expect(failures).toBe(1);
  expect(failureRate).toBe(1 / attempts);
  expect(lastEvent?.kind).toBe('failure');
  expect(waits.count).toBe(1);
});

test('lock_timeout, a deadlock and a serialization failure are failures where nobody makes the call again', async () => {
  await using opened = await openTwo();
  const { one, two, hold } = opened;
  const release = await hold('holder');
  const impatient = two.kysely.transaction().execute(async (tx) => {
    await sql`set local lock_timeout = 50`.execute(tx);
    await sql`update counter set n = 5 where id = 1`.execute(tx);
  });
  expect(await rejection(impatient)).toMatchObject({ reason: 'lock_timeout' });
  await release();
  expect(locksOf(two)).toMatchObject({ failures: 1, retries: 1, lastEvent: { kind: 'failure' } });

  const stale = two.kysely
    .transaction()
    .setIsolationLevel('serializable')
    .execute(async (tx) => {
      await sql`select n from counter`.execute(tx);
      await one.repository('counter', { key: 'id' }).update(1, { n: 7 });
      await sql`update counter set n = 8 where id = 1`.execute(tx);
    });
  expect(await rejection(stale)).toMatchObject({ reason: 'serialization' });
  expect(locksOf(two)).toMatchObject({ failures: 2, retries: 2 });

  const first = Promise.withResolvers<void>();
  const both = [1, 2].map((id) =>
    two.kysely.transaction().execute(async (tx) => {
      await sql`update counter set n = 9 where id = ${id}`.execute(tx);
      if (id === 1) await first.promise;
      else first.resolve();
      await sql`update counter set n = 9 where id = ${3 - id}`.execute(tx);
    }),
  );
  const outcomes = await Promise.allSettled(both);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  expect(locksOf(two).failures).toBe(3);
});

test('a conflict that is replayed with success is a retry, not a failure', async () => {
  await using opened = await openTwo();
  const { one, two } = opened;
  let attempts = 0;
  await two.write(async (tx) => {
    attempts += 1;
    const counters = tx.repository('counter', { key: 'id' });
    await counters.get(1);
    if (attempts === 1) await one.repository('counter', { key: 'id' }).update(1, { n: 7 });
    await counters.update(1, { n: 8 });
  });
  expect(attempts).toBe(2);
  expect(locksOf(two)).toMatchObject({ failures: 0, failureRate: 0, retries: 1 });
});
