import {
  AbortedError,
  CheckViolationError,
  ForeignKeyViolationError,
  OverloadedError,
  TimeoutError,
  UniqueViolationError,
} from '@sluice/core';
import { rejection } from '@sluice/testkit/driver-tests';
import { beforeEach, describe, expect, test } from 'vitest';
import { busyQuery, type OpenedFile, openDatabase } from './opened-database.js';

let db: OpenedFile;

beforeEach(async () => {
  db = await openDatabase();
  await db.run('create table item (id integer primary key, name text unique)');
});

const insert = (id: number, name = `item ${id}`): Promise<unknown> =>
  db.run('insert into item (id, name) values (?, ?)', [id, name], { access: 'write' });

const ids = async (): Promise<unknown[]> =>
  (await db.rows('select id from item order by id')).map(({ id }) => id);

/** Waits for all, and tells of each whether it was done or which code it was refused with. */
async function outcomes(work: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((result) => (result.status === 'fulfilled' ? 'done' : String(result.reason.code)));
}

describe('group commit', () => {
  test('writes made together share one COMMIT', async () => {
    const before = db.database.metrics();
    await Promise.all(Array.from({ length: 64 }, (_, index) => insert(index)));
    const after = db.database.metrics();
    expect(after.engine.fsyncCommits).toBe((before.engine.fsyncCommits ?? 0) + 1);
    expect(after.commits).toBe(before.commits + 64);
    expect(after.engine.groupSizeMax).toBe(64);
    expect(await ids()).toHaveLength(64);
  });

  test('more writes than a group takes are all committed, in order', async () => {
    await Promise.all(Array.from({ length: 1500 }, (_, index) => insert(index)));
    expect(await ids()).toHaveLength(1500);
    const rows = await db.rows('select rowid from item where id = rowid');
    expect(rows).toHaveLength(1500);
  });

  test('a statement that fails fails its own caller only', async () => {
    expect(await outcomes([insert(1), insert(1), insert(2), insert(3, 'item 2'), insert(4)])).toStrictEqual([
      'done',
      'unique_violation',
      'done',
      'unique_violation',
      'done',
    ]);
    expect(await ids()).toStrictEqual([1, 2, 4]);
  });

  test('each caller gets the rows of its own statement', async () => {
    const results = await Promise.all(
      [1, 2, 3].map((id) =>
        db.run('insert into item (id) values (?) returning id, id * 10 as tenfold', [id]),
      ),
    );
    expect(results).toStrictEqual(
      [1, 2, 3].map((id) => ({ rows: [{ id, tenfold: id * 10 }], affectedRows: 1 })),
    );
  });

  test('a statement that rolls the whole transaction back takes no neighbour with it', async () => {
    await db.run(`create trigger forbidden before insert on item when new.name = 'forbidden'
      begin select raise(rollback, 'not this one'); end`);
    const work = [
      insert(1),
      insert(2, 'forbidden'),
      insert(3),
      db.run('insert or rollback into item (id) values (3)', [], { access: 'write' }),
      insert(4),
    ];
    expect(await outcomes(work)).toStrictEqual([
      'done',
      'check_violation',
      'done',
      'unique_violation',
      'done',
    ]);
    expect(await rejection(insert(5, 'forbidden'))).toBeInstanceOf(CheckViolationError);
    expect(await ids()).toStrictEqual([1, 3, 4]);
  });

  test('a statement that fails half-way leaves none of its work', async () => {
    const first = insert(1);
    const half = db.run('insert or fail into item (id) values (7), (8), (1)', [], { access: 'write' });
    expect(await outcomes([first, half, insert(2)])).toStrictEqual(['done', 'unique_violation', 'done']);
    expect(await ids()).toStrictEqual([1, 2]);
  });

  test('a deferred foreign key that fails the COMMIT fails only the member at fault', async () => {
    await db.run(
      'create table part (id integer primary key, item_id integer references item deferrable initially deferred)',
    );
    const part = (id: number, item: number): Promise<unknown> =>
      db.run('insert into part (id, item_id) values (?, ?)', [id, item], { access: 'write' });
    await insert(1);
    expect(await outcomes([part(1, 1), part(2, 99), part(3, 1)])).toStrictEqual([
      'done',
      'foreign_key_violation',
      'done',
    ]);
    const error = await rejection(part(4, 98));
    expect(error).toBeInstanceOf(ForeignKeyViolationError);
    expect((await db.rows('select id from part order by id')).map(({ id }) => id)).toStrictEqual([1, 3]);
  });

  test('a schema change and its use may share a group', async () => {
    const work = [
      db.run('create table fresh (id bigint)'),
      db.run('insert into fresh (id) values (1)', [], { access: 'write' }),
      db.run('alter table fresh add column more text', [], { access: 'write' }),
      db.run(`insert into fresh (id, more) values (2, 'x')`, [], { access: 'write' }),
    ];
    await Promise.all(work);
    expect(await db.rows('select * from fresh order by id')).toStrictEqual([
      { id: 1n, more: null },
      { id: 2n, more: 'x' },
    ]);
  });

  test('a write that was acknowledged is seen by the next read', async () => {
    for (let id = 1; id <= 50; id += 1) {
      await insert(id);
      expect(await db.rows('select id from item where id = ?', [id], { access: 'read' })).toHaveLength(1);
    }
  });

  test('bytes are taken as they are when the call is made', async () => {
    await db.run('create table file (bytes bytea_blob)');
    const hold = await db.database.begin({ access: 'write' });
    const pool = new Uint8Array(10_000).fill(1);
    const write = db.run('insert into file values (?)', [pool.subarray(5, 8)], { access: 'write' });
    pool.fill(9);
    await hold.rollback();
    await write;
    expect(await db.rows('select bytes from file')).toStrictEqual([{ bytes: new Uint8Array([1, 1, 1]) }]);
  });

  test('a long RETURNING comes whole and in order', async () => {
    const { rows, affectedRows } = await db.run(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 25000)
      insert into item (id) select i from n returning id`,
    );
    expect(affectedRows).toBe(25_000);
    expect(rows.map(({ id }) => id)).toStrictEqual(Array.from({ length: 25_000 }, (_, index) => index + 1));
  });

  test('writes beyond the limit of the queue are refused at once', async () => {
    const small = await openDatabase({ queueLimit: 3 });
    const hold = await small.database.begin({ access: 'write' });
    const waiting = [1, 2, 3].map(() => small.run('create table if not exists t (a)'));
    await expect(small.run('create table t (a)')).rejects.toBeInstanceOf(OverloadedError);
    await hold.rollback();
    await Promise.all(waiting);
  });

  test('more urgent writes go first, and within a priority the first come', async () => {
    await db.run('create table step (name text)');
    const hold = await db.database.begin({ access: 'write' });
    const step = (name: string, priority: 'high' | 'low' | 'normal'): Promise<unknown> =>
      db.run('insert into step (name) values (?)', [name], { access: 'write', priority });
    const work = [
      step('low', 'low'),
      step('normal 1', 'normal'),
      step('high', 'high'),
      step('normal 2', 'normal'),
    ];
    await hold.rollback();
    await Promise.all(work);
    const steps = await db.rows('select name from step order by rowid');
    expect(steps.map(({ name }) => name)).toStrictEqual(['high', 'normal 1', 'normal 2', 'low']);
  });
});

describe('joining a group that runs', () => {
  const slow = (): Promise<unknown> =>
    db.run(`insert into item (id) select -n from (${busyQuery(1_500_000)})`, [], { access: 'write' });

  /** Runs `work` while a slow write runs, and tells what became of both and how often was committed. */
  async function meanwhile(work: () => readonly Promise<unknown>[]): Promise<[string[], number]> {
    const before = db.database.metrics().engine.fsyncCommits ?? 0;
    const running = slow();
    await nextTurn();
    await nextTurn();
    const settled = await outcomes([running, ...work()]);
    return [settled, (db.database.metrics().engine.fsyncCommits ?? 0) - before];
  }

  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('writes that come before its COMMIT share it', async () => {
    const [settled, commits] = await meanwhile(() => [insert(1), insert(2), insert(3)]);
    expect(settled).toStrictEqual(['done', 'done', 'done', 'done']);
    expect(commits).toBe(1);
    expect(await ids()).toStrictEqual([-1_500_000, 1, 2, 3]);
  });

  test('writes that come one after the other do too, in order, as far as there is room', async () => {
    const before = db.database.metrics().engine.fsyncCommits ?? 0;
    const work = [slow()];
    for (let id = 1; id <= 20; id += 1) {
      await nextTurn();
      work.push(insert(id));
    }
    expect(new Set(await outcomes(work))).toStrictEqual(new Set(['done']));
    expect((db.database.metrics().engine.fsyncCommits ?? 0) - before).toBeLessThanOrEqual(2);
    const rows = await db.rows('select id from item order by rowid');
    expect(rows.map(({ id }) => id)).toStrictEqual([
      -1_500_000,
      ...Array.from({ length: 20 }, (_, at) => at + 1),
    ]);
  });

  test('one that fails fails alone, and one that rolls everything back takes nobody with it', async () => {
    await db.run(`create trigger forbidden before insert on item when new.name = 'forbidden'
      begin select raise(rollback, 'not this one'); end`);
    const [settled] = await meanwhile(() => [insert(1), insert(1), insert(2, 'forbidden'), insert(3)]);
    expect(settled).toStrictEqual(['done', 'done', 'unique_violation', 'check_violation', 'done']);
    expect(await ids()).toStrictEqual([-1_500_000, 1, 3]);
  });

  test('one that is cancelled before its turn never happens', async () => {
    const [settled] = await meanwhile(() => [
      insert(1),
      db.run('insert into item (id) values (2)', [], { access: 'write', deadline: performance.now() + 5 }),
      insert(3),
    ]);
    expect(settled).toStrictEqual(['done', 'done', 'timeout', 'done']);
    expect(await ids()).toStrictEqual([-1_500_000, 1, 3]);
  });

  test('a large one comes whole, with what it returns', async () => {
    const name = 'ä'.repeat(200_000);
    const large = db.run('insert into item (id, name) values (0, ?) returning name', [name]);
    const [settled] = await meanwhile(() => [
      insert(1),
      db.run('insert into item (id, name) values (2, ?) returning name', [`${name} `]),
      insert(3),
    ]);
    expect(settled).toStrictEqual(['done', 'done', 'done', 'done']);
    expect(await large).toMatchObject({ rows: [{ name }] });
    expect(await db.rows('select name from item where id = 2')).toStrictEqual([{ name: `${name} ` }]);
  });
});

describe('cancelling a write', () => {
  const slowInsert = `insert into item (id) select -n from (${busyQuery(8_000_000)})`;

  test('a running write whose deadline passes is answered at once and never happens', async () => {
    const since = performance.now();
    const slow = rejection(db.run(slowInsert, [], { access: 'write', deadline: since + 50 }));
    const neighbour = insert(1);
    expect(await slow).toBeInstanceOf(TimeoutError);
    await neighbour;
    expect(await ids()).toStrictEqual([1]);
  });

  test('a running write whose signal is aborted never happens', async () => {
    const controller = new AbortController();
    const slow = rejection(db.run(slowInsert, [], { access: 'write', signal: controller.signal }));
    setTimeout(() => controller.abort('enough'), 50);
    const error = await slow;
    expect(error).toBeInstanceOf(AbortedError);
    expect((error as Error).cause).toBe('enough');
    await insert(1);
    expect(await ids()).toStrictEqual([1]);
  });

  test('an abort at any moment tells the truth about each write', async () => {
    for (let round = 0; round < 40; round += 1) {
      const controller = new AbortController();
      const keys = Array.from({ length: 20 }, (_, index) => round * 20 + index);
      const work = keys.map((id) =>
        db.run('insert into item (id) values (?)', [id], { access: 'write', signal: controller.signal }),
      );
      setTimeout(() => controller.abort(), Math.random() * 2);
      const settled = await Promise.allSettled(work);
      const done = keys.filter((_, index) => settled[index]?.status === 'fulfilled');
      const stored = await db.rows('select id from item where id between ? and ? order by id', [
        keys[0],
        keys.at(-1),
      ]);
      expect(stored.map(({ id }) => id)).toStrictEqual(done);
    }
  });

  test('a unique violation carries table, columns and the engine error', async () => {
    await insert(1);
    const error = await rejection(insert(1));
    expect(error).toBeInstanceOf(UniqueViolationError);
    expect(error).toMatchObject({
      table: 'item',
      columns: ['id'],
      cause: { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' },
    });
    expect(String((error as Error).stack)).toContain('sqlite-group-commit.test');
  });
});
