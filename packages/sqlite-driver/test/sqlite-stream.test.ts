import { AbortedError, type Row, type Statement, TimeoutError } from '@sluice/core';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { beforeEach, describe, expect, test } from 'vitest';
import { busyQuery, type OpenedFile, openDatabase } from './opened-database.js';

const ROWS = 20_000;
const all: Statement = { sql: 'select id, body from item order by id', parameters: [], access: 'read' };

let db: OpenedFile;

beforeEach(async () => {
  db = await openDatabase({ snapshots: 2 });
  await db.run('create table item (id integer primary key, body text)');
  await db.run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${ROWS})
    insert into item select i, hex(zeroblob(50)) from n`);
});

async function drain(stream: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of stream) rows.push(...batch);
  return rows;
}

describe('streams', () => {
  test('give every row once, in order, in batches of the size asked for', async () => {
    const sizes: number[] = [];
    const ids: unknown[] = [];
    for await (const rows of db.database.stream(all, 300, {})) {
      sizes.push(rows.length);
      ids.push(...rows.map(({ id }) => id));
    }
    expect(new Set(sizes.slice(0, -1))).toStrictEqual(new Set([300]));
    expect(ids).toStrictEqual(Array.from({ length: ROWS }, (_, index) => index + 1));
  });

  test('see one moment, and block neither writers nor single reads', async () => {
    const ids: unknown[] = [];
    for await (const rows of db.database.stream(all, 5_000, {})) {
      await db.run('delete from item where id = ?', [ROWS - ids.length]);
      await db.rows('select 1 from item limit 1');
      ids.push(...rows.map(({ id }) => id));
    }
    expect(ids).toHaveLength(ROWS);
  });

  test('are read no faster than they are consumed', async () => {
    const first = db.database.stream(all, 10, {})[Symbol.asyncIterator]();
    await first.next();
    const usedBefore = process.memoryUsage().arrayBuffers;
    await db.rows('select 1');
    expect(process.memoryUsage().arrayBuffers - usedBefore).toBeLessThan(10 * 2 ** 20);
    expect(db.database.metrics().engine.snapshotsHeld).toBe(1);
    await first.return?.();
  });

  test('leaving early frees the reader', async () => {
    for (let round = 0; round < 10; round += 1) {
      for await (const rows of db.database.stream(all, 10, {})) {
        if (rows.length > 0) break;
      }
    }
    await until(() => db.database.metrics().engine.snapshotsHeld === 0);
    expect(await drain(db.database.stream(all, 1000, {}))).toHaveLength(ROWS);
  });

  test('end at their deadline or signal, also while nobody reads', async () => {
    const controller = new AbortController();
    const aborted = db.database.stream(all, 10, { signal: controller.signal })[Symbol.asyncIterator]();
    await aborted.next();
    controller.abort();
    expect(await rejection(drainRest(aborted))).toBeInstanceOf(AbortedError);
    const late = db.database.stream(all, 10, { deadline: performance.now() + 500 })[Symbol.asyncIterator]();
    await late.next();
    expect(await rejection(drainSlowly(late))).toBeInstanceOf(TimeoutError);
    await until(() => db.database.metrics().engine.snapshotsHeld === 0);
  });

  test('of a statement that fails throw its error', async () => {
    const missing = db.database.stream({ ...all, sql: 'select * from missing' }, 10, {});
    expect(await rejection(drain(missing))).toMatchObject({ code: 'unknown_table' });
  });

  test('of a write give the rows it returns, committed', async () => {
    const statement: Statement = { sql: 'delete from item returning id', parameters: [], access: 'unknown' };
    expect(await drain(db.database.stream(statement, 1000, {}))).toHaveLength(ROWS);
    expect(await db.rows('select count(*) as count from item')).toStrictEqual([{ count: 0 }]);
  });

  test('large values travel in small batches', async () => {
    await db.run('create table file (bytes bytea_blob)');
    await db.run(
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) insert into file select zeroblob(1000000) from n',
    );
    const sizes: number[] = [];
    for await (const rows of db.database.stream({ ...all, sql: 'select bytes from file' }, 1000, {})) {
      sizes.push(rows.length);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(20);
  });
});

describe('reads that run away', () => {
  const endless = busyQuery(10_000_000);

  test('release their callers at once, and other readers take their place', async () => {
    const one = await openDatabase({ readers: 1 });
    const since = performance.now();
    const slow = rejection(one.run(endless, [], { access: 'read', deadline: since + 50 }));
    expect(await slow).toBeInstanceOf(TimeoutError);
    expect(await one.rows('select 1 as one', [], { access: 'read' })).toStrictEqual([{ one: 1 }]);
    await until(() => one.database.metrics().engine.stuckReaders === 0);
  });

  test('a long scan stops between two rows', async () => {
    const one = await openDatabase({ readers: 1 });
    const scan = `with recursive n(i) as (select 1 union all select i + 1 from n) select i from n`;
    const controller = new AbortController();
    const endlessRows = rejection(one.run(scan, [], { access: 'read', signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    expect(await endlessRows).toBeInstanceOf(AbortedError);
    expect(await one.rows('select 1 as one')).toStrictEqual([{ one: 1 }]);
  });
});

async function drainRest(iterator: AsyncIterator<readonly Row[]>): Promise<void> {
  while (!(await iterator.next()).done);
}

async function drainSlowly(iterator: AsyncIterator<readonly Row[]>): Promise<void> {
  while (!(await iterator.next()).done) await new Promise((resolve) => setTimeout(resolve, 5));
}
