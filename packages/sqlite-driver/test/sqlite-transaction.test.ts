import { ConflictError, ForeignKeyViolationError, TimeoutError } from '@sluice/core';
import { rejection, runIn } from '@sluice/testkit/driver-tests';
import { beforeEach, describe, expect, test } from 'vitest';
import { busyQuery, type OpenedFile, openDatabase } from './opened-database.js';

let db: OpenedFile;

beforeEach(async () => {
  db = await openDatabase();
  await db.run('create table item (id integer primary key, name text)');
});

const count = async (): Promise<unknown> => (await db.rows('select count(*) as count from item'))[0]?.count;

describe('write transactions', () => {
  test('commit keeps and rollback undoes', async () => {
    const kept = await db.database.begin({ access: 'write' });
    await runIn(kept, 'insert into item (id) values (1)');
    expect(await count()).toBe(0);
    await kept.commit();
    const undone = await db.database.begin({ access: 'write' });
    await runIn(undone, 'insert into item (id) values (2)');
    await undone.rollback();
    expect(await count()).toBe(1);
  });

  test('a failed statement leaves the transaction open, and savepoints undo a part', async () => {
    const transaction = await db.database.begin({ access: 'write' });
    await runIn(transaction, 'insert into item (id) values (1)');
    await runIn(transaction, 'savepoint a');
    await runIn(transaction, 'insert into item (id) values (2)');
    expect(await rejection(runIn(transaction, 'insert into item (id) values (1)'))).toMatchObject({
      code: 'unique_violation',
    });
    await runIn(transaction, 'rollback to savepoint a');
    await runIn(transaction, 'release savepoint a');
    await transaction.commit();
    expect(await count()).toBe(1);
  });

  test('what ends the transaction behind its back is refused', async () => {
    const transaction = await db.database.begin({ access: 'write' });
    for (const sql of ['commit', '/* hidden */ rollback', 'END', 'begin', 'vacuum', "attach 'x.db' as x"]) {
      expect(await rejection(runIn(transaction, sql))).toHaveProperty('code');
    }
    await runIn(transaction, 'insert into item (id) values (1)');
    await transaction.commit();
    expect(await count()).toBe(1);
  });

  test('a deferred foreign key fails the commit, which undoes all and frees the writer', async () => {
    await db.run('create table part (item_id integer references item deferrable initially deferred)');
    const transaction = await db.database.begin({ access: 'write' });
    await runIn(transaction, 'insert into part values (9)');
    expect(await rejection(transaction.commit())).toBeInstanceOf(ForeignKeyViolationError);
    expect(await db.rows('select * from part')).toStrictEqual([]);
    await db.run('insert into item (id) values (1)');
    expect(await count()).toBe(1);
  });

  test('a handle that has ended is refused', async () => {
    const transaction = await db.database.begin({ access: 'write' });
    await transaction.commit();
    expect(await rejection(runIn(transaction, 'select 1'))).toMatchObject({ code: 'transaction_ended' });
    expect(await rejection(transaction.rollback())).toMatchObject({ code: 'transaction_ended' });
  });

  test('a statement that outlives its deadline releases the caller, and is undone', async () => {
    const transaction = await db.database.begin({ access: 'write' });
    await runIn(transaction, 'insert into item (id) values (1)');
    const slow = runIn(transaction, busyQuery(3_000_000), [], { deadline: performance.now() + 50 });
    expect(await rejection(slow)).toBeInstanceOf(TimeoutError);
    await transaction.rollback();
    await db.run('insert into item (id) values (5)');
    expect(await count()).toBe(1);
  });

  test('a transaction whose wait is over leaves no trace', async () => {
    const first = await db.database.begin({ access: 'write' });
    const second = db.database.begin({ access: 'write', deadline: performance.now() + 30 });
    expect(await rejection(second)).toBeInstanceOf(TimeoutError);
    await first.commit();
    await db.run('insert into item (id) values (1)');
    expect(await count()).toBe(1);
  });

  test('a stream inside a transaction sees its writes', async () => {
    const transaction = await db.database.begin({ access: 'write' });
    for (let id = 0; id < 30; id += 1) await runIn(transaction, 'insert into item (id) values (?)', [id]);
    const seen: unknown[] = [];
    const statement = { sql: 'select id from item order by id', parameters: [], access: 'read' } as const;
    for await (const rows of transaction.stream(statement, 10, {})) {
      seen.push(...rows.map(({ id }) => id));
      if (seen.length === 20) break;
    }
    expect(seen).toHaveLength(20);
    await runIn(transaction, 'insert into item (id) values (100)');
    await transaction.commit();
    expect(await count()).toBe(31);
  });
});

describe('read transactions', () => {
  test('see one moment, that of their first statement, while others write', async () => {
    const read = await db.database.begin({ access: 'read' });
    await db.run('insert into item (id) values (1)');
    expect((await runIn(read, 'select id from item')).rows).toStrictEqual([{ id: 1 }]);
    await db.run('insert into item (id) values (2)');
    expect((await runIn(read, 'select id from item')).rows).toStrictEqual([{ id: 1 }]);
    await read.commit();
    expect(await count()).toBe(2);
  });

  test('keep their savepoints when the snapshot is taken after them', async () => {
    const read = await db.database.begin({ access: 'read' });
    await runIn(read, 'savepoint a');
    await runIn(read, 'savepoint b');
    await db.run('insert into item (id) values (1)');
    expect((await runIn(read, 'select id from item')).rows).toStrictEqual([{ id: 1 }]);
    await runIn(read, 'release b');
    await runIn(read, 'rollback to a');
    await db.run('insert into item (id) values (2)');
    expect((await runIn(read, 'select id from item')).rows).toStrictEqual([{ id: 1 }]);
    await read.rollback();
  });

  test('cannot write', async () => {
    const read = await db.database.begin({ access: 'read' });
    expect(await rejection(runIn(read, 'insert into item (id) values (1)'))).toMatchObject({
      code: 'invalid_query',
    });
    await read.rollback();
    expect(await count()).toBe(0);
  });

  test('never wait for the writer, nor single reads for open snapshots', async () => {
    const write = await db.database.begin({ access: 'write' });
    await runIn(write, 'insert into item (id) values (1)');
    const snapshots = await Promise.all(
      Array.from({ length: 8 }, () => db.database.begin({ access: 'read' })),
    );
    expect(await count()).toBe(0);
    await write.commit();
    await Promise.all(snapshots.map((snapshot) => snapshot.rollback()));
  });
});

describe('schema changes', () => {
  test('a table is rebuilt without its children being deleted', async () => {
    await db.run('create table part (item_id integer references item on delete cascade)');
    await db.run(`insert into item values (1, 'a')`);
    await db.run('insert into part values (1)');
    const change = await db.database.begin({ access: 'write', isSchemaChange: true });
    await runIn(change, 'create table item_new (id integer primary key, name text, more text)');
    await runIn(change, 'insert into item_new (id, name) select id, name from item');
    await runIn(change, 'drop table item');
    await runIn(change, 'alter table item_new rename to item');
    await change.commit();
    expect(await db.rows('select * from part')).toStrictEqual([{ item_id: 1 }]);
    expect(await rejection(db.run('insert into part values (2)'))).toBeInstanceOf(ForeignKeyViolationError);
  });

  test('a foreign key left pointing nowhere fails the commit by table and column', async () => {
    await db.run('create table part (item_id integer references item)');
    await db.run('insert into item (id) values (1)');
    await db.run('insert into part values (1)');
    const change = await db.database.begin({ access: 'write', isSchemaChange: true });
    await runIn(change, 'delete from item');
    expect(await rejection(change.commit())).toMatchObject({
      code: 'foreign_key_violation',
      table: 'part',
      columns: ['item_id'],
    });
    expect(await count()).toBe(1);
    expect(await rejection(db.run('insert into part values (2)'))).toBeInstanceOf(ForeignKeyViolationError);
  });

  test('keys are enforced again after a rollback', async () => {
    await db.run('create table part (item_id integer references item)');
    const change = await db.database.begin({ access: 'write', isSchemaChange: true });
    await runIn(change, 'insert into part values (2)');
    await change.rollback();
    expect(await rejection(db.run('insert into part values (2)'))).toBeInstanceOf(ForeignKeyViolationError);
  });

  test('a read transaction is none', async () => {
    expect(await rejection(db.database.begin({ access: 'read', isSchemaChange: true }))).toMatchObject({
      code: 'unsupported',
    });
  });
});

describe('statements that are not for the lanes', () => {
  test.each([
    'begin',
    ' -- comment\n COMMIT',
    'savepoint a',
    "attach 'other.db' as other",
    'detach other',
    'create temp table x (a)',
    'pragma foreign_keys = off',
    'pragma journal_mode(delete)',
    'pragma query_only = 1',
    'select 1; select 2',
    '',
  ])('"%s" is refused', async (sql) => {
    const error = await rejection(db.run(sql));
    expect(['invalid_query', 'unsupported']).toContain((error as { code: string }).code);
    expect(error).not.toBeInstanceOf(ConflictError);
  });

  test.each([
    'pragma foreign_keys = ON',
    'pragma journal_mode = WAL',
    'pragma user_version = 7',
    'pragma table_info(item)',
    'pragma wal_checkpoint',
    'pragma optimize',
    'vacuum',
    'analyze',
    'explain select 1',
    'explain query plan insert into item (id) values (1)',
  ])('"%s" is run', async (sql) => {
    await db.run(sql);
    await db.run('insert into item (id) values (1)');
    expect(await count()).toBe(1);
  });

  test('a statement of unknown kind runs where it is safe', async () => {
    await db.run('with x as (select 1 as a) insert into item (id) select a from x');
    expect(await db.rows('with x as (select id from item) select id from x')).toStrictEqual([{ id: 1 }]);
    expect(await db.rows('/* c */ delete from item returning id')).toStrictEqual([{ id: 1 }]);
  });
});
