import { sqliteDialect } from '@sluice/sqlite-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { type Dialect, Kysely, type LogEvent, SqliteDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from './opened-database.js';

interface Tables {
  item: { id: number | null; name: unknown };
}

const open: Kysely<Tables>[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((db) => db.destroy()));
});

async function openKysely(create: (path: string) => Dialect): Promise<Kysely<Tables>> {
  const db = new Kysely<Tables>({ dialect: create(`${await temporaryFolder()}/app.db`) });
  open.push(db);
  await db.schema
    .createTable('item')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'datetime', (column) => column.unique())
    .execute();
  return db;
}

const ours = (): Promise<Kysely<Tables>> => openKysely((path) => sqliteDialect({ path }));
const kyselys = (): Promise<Kysely<Tables>> =>
  openKysely((path) => new SqliteDialect({ database: new Sqlite(path) }));

/** What a program sees of a Kysely. */
async function observe(db: Kysely<Tables>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const name of ['text', 1, 1.5, 2n ** 60n, Buffer.from([1, 2]), null, '2024']) {
    seen.push(await db.insertInto('item').values({ id: null, name }).executeTakeFirst());
  }
  seen.push(await db.selectFrom('item').selectAll().execute());
  seen.push(await db.updateTable('item').set({ name: 'other' }).where('id', '=', 1).executeTakeFirst());
  seen.push(await db.insertInto('item').values({ id: 50, name: 'x' }).returningAll().executeTakeFirst());
  seen.push(await db.deleteFrom('item').where('id', '>', 5).executeTakeFirst());
  seen.push(
    (await sql`select ${5} / ${2} as half, count(*) as count, 9007199254740993 as big from item`.execute(db))
      .rows,
  );
  seen.push(await sql`insert into item (id) values (70)`.execute(db));
  seen.push(await db.selectFrom('item').select('id').orderBy('name').execute());
  seen.push(await db.selectFrom('item').select('id').where('name', 'like', 'OTHER').execute());
  for (const value of [true, new Date(0), { a: 1 }]) {
    const error = (await rejection(sql`select ${value as never} as v`.execute(db))) as Error;
    seen.push([error.constructor.name, error.message]);
  }
  seen.push((await sql`select ${undefined as never} as v`.execute(db)).rows);
  for (const statement of [
    'insert into item (id) values (1)',
    'selec',
    'select * from missing',
    'select 1; select 2',
  ]) {
    const error = (await rejection(sql.raw(statement).execute(db))) as Error & { code?: string };
    seen.push([error.constructor.name, error.code, error.message]);
  }
  seen.push(await db.introspection.getTables());
  return seen;
}

describe('sqliteDialect', () => {
  test("gives what Kysely's own dialect gives", async () => {
    expect(await observe(await ours())).toStrictEqual(await observe(await kyselys()));
  });

  test('keeps the class of the engine error and the frames of the caller', async () => {
    const db = await ours();
    await db.insertInto('item').values({ id: 1, name: 'a' }).execute();
    const error = await rejection(db.insertInto('item').values({ id: 1, name: 'b' }).execute());
    expect(error).toBeInstanceOf(Sqlite.SqliteError);
    expect((error as Error).stack).toContain('sqlite-dialect.test');
  });

  test('a read goes on while a transaction is open, and does not see it', async () => {
    const db = await ours();
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('item').values({ id: 1, name: 'a' }).execute();
      expect(await db.selectFrom('item').selectAll().execute()).toStrictEqual([]);
    });
    expect(await db.selectFrom('item').select('id').execute()).toStrictEqual([{ id: 1 }]);
  });

  test('streams any statement that returns rows', async () => {
    const db = await ours();
    await db
      .insertInto('item')
      .values([
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ])
      .execute();
    const rows: unknown[] = [];
    for await (const row of db.deleteFrom('item').returning('id').stream()) rows.push(row);
    expect(rows).toStrictEqual([{ id: 1 }, { id: 2 }]);
  });

  test('a transaction is read only when it says so, and its levels are taken or refused', async () => {
    const db = await ours();
    const readOnly = db.transaction().setAccessMode('read only');
    const error = await rejection(
      readOnly.execute((trx) => trx.insertInto('item').values({ id: 1, name: 'a' }).execute()),
    );
    expect(error).toMatchObject({ code: 'SQLITE_READONLY' });
    await db
      .transaction()
      .setIsolationLevel('serializable')
      .execute((trx) => trx.selectFrom('item').selectAll().execute());
    expect(
      await rejection(
        db
          .transaction()
          .setIsolationLevel('snapshot')
          .execute(async () => {}),
      ),
    ).toMatchObject({
      code: 'unsupported',
    });
  });

  test('savepoints of a controlled transaction', async () => {
    const db = await ours();
    const trx = await db.startTransaction().execute();
    await trx.insertInto('item').values({ id: 1, name: 'a' }).execute();
    const after = await trx.savepoint('here').execute();
    await after.insertInto('item').values({ id: 2, name: 'b' }).execute();
    await after.rollbackToSavepoint('here').execute();
    await trx.commit().execute();
    expect(await db.selectFrom('item').select('id').execute()).toStrictEqual([{ id: 1 }]);
  });

  test('never gives back a connection that is still inside a transaction', async () => {
    const db = await ours();
    await rejection(
      db.transaction().execute(async () => {
        throw new Error('no');
      }),
    );
    await db.insertInto('item').values({ id: 1, name: 'a' }).execute();
    expect(await db.selectFrom('item').select('id').execute()).toStrictEqual([{ id: 1 }]);
  });

  test('opens with the first query, and refuses a bad path then', async () => {
    const db = new Kysely<Tables>({ dialect: sqliteDialect({ path: '/missing/folder/app.db' }) });
    expect(await rejection(db.selectFrom('item').selectAll().execute())).toMatchObject({
      code: 'path_unusable',
    });
  });
});

test('stores a buffer as it was when the query was executed', async () => {
  const db = await ours();
  const name = Buffer.from([1]);
  const work = [
    db.insertInto('item').values({ id: 1, name }).execute(),
    sql`insert into item (id, name) values (2, ${Buffer.concat([name, name])})`.execute(db),
    db.updateTable('item').set({ name }).where('id', '=', 3).execute(),
  ];
  name.fill(2);
  await Promise.all(work);
  const { rows } = await sql`select hex(name) as hex from item order by id`.execute(db);
  expect(rows).toEqual([{ hex: '01' }, { hex: '0101' }]);
});

test('one dialect serves several Kyselys, and ends with the last of them', async () => {
  const dialect = sqliteDialect({ path: `${await temporaryFolder()}/app.db` });
  const [first, second] = [new Kysely<Tables>({ dialect }), new Kysely<Tables>({ dialect })];
  await sql`create table item (id integer, name text)`.execute(first);
  await second.insertInto('item').values({ id: 1, name: 'a' }).execute();
  await second.destroy();
  expect(await first.selectFrom('item').select('id').execute()).toEqual([{ id: 1 }]);
  await first.destroy();
  const third = new Kysely<Tables>({ dialect });
  expect(await third.selectFrom('item').select('id').execute()).toEqual([{ id: 1 }]);
  await third.destroy();
});

test('log shows transactions and savepoints as Kysely’s own dialect shows them', async () => {
  const use = async (dialect: Dialect): Promise<string[]> => {
    const seen: string[] = [];
    const log = ({ level, query }: LogEvent): void => {
      seen.push(`${level}: ${query.sql}`);
    };
    const db = new Kysely<Tables>({ dialect, log });
    open.push(db);
    await db.transaction().execute((trx) => sql`select 1`.execute(trx));
    await rejection(db.transaction().execute((trx) => sql`selec`.execute(trx)));
    const controlled = await db.startTransaction().execute();
    const inner = await controlled.savepoint('a "name"').execute();
    await inner.rollbackToSavepoint('a "name"').execute();
    await inner.releaseSavepoint('a "name"').execute();
    await controlled.commit().execute();
    return seen;
  };
  const stock = await use(new SqliteDialect({ database: new Sqlite(':memory:') }));
  expect(await use(sqliteDialect({ path: ':memory:' }))).toEqual(stock);
});

test('counts rows as Kysely’s own dialect does', async () => {
  const counts = async (db: Kysely<Tables>): Promise<unknown[]> => {
    const queries = [
      db.schema.createTable('counted').addColumn('n', 'integer').compile(),
      db.schema.createIndex('counted_n').on('counted').column('n desc').compile(),
      sql`create table other (n integer)`.compile(db),
      sql`insert into counted values (1), (2)`.compile(db),
      sql`with "select" as (select 1 as n where ')' <> '(') delete from counted where n in (select n from "select")`.compile(
        db,
      ),
      sql`with one as (select 1 as n) select n from one`.compile(db),
      db.schema.dropTable('counted').compile(),
    ];
    const counted: unknown[] = [];
    for (const query of queries) counted.push((await db.executeQuery(query)).numAffectedRows);
    return counted;
  };
  expect(await counts(await ours())).toEqual(await counts(await kyselys()));
});

describe('a query that is aborted', () => {
  const names = (db: Kysely<Tables>): Promise<unknown[]> =>
    db.selectFrom('item').select('name').orderBy('name').execute();

  test('finishes when it runs', async () => {
    const db = await ours();
    const slow = sql`insert into item (name) with recursive n (i) as (select 1 union all select i + 1 from n where i < 2000000)
      select 'ran' from n where i = 2000000`;
    const controller = new AbortController();
    const work = slow.execute(db, { signal: controller.signal });
    work.catch(() => {});
    // The writer is free, so it has the statement in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    expect(await rejection(work)).toMatchObject({ message: 'enough' });
    expect(await names(db)).toEqual([]);
    await until(async () => (await names(db)).length > 0);
    expect(await names(db)).toEqual([{ name: 'ran' }]);
  });

  test('is not executed when it waits for its turn', async () => {
    const db = await ours();
    const controller = new AbortController();
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('item').values({ id: 1, name: 'first' }).execute();
      const insert = db.insertInto('item').values({ id: 2, name: 'too late' });
      const work = insert.execute({ signal: controller.signal });
      controller.abort(new Error('enough'));
      expect(await rejection(work)).toMatchObject({ message: 'enough' });
    });
    await db.insertInto('item').values({ id: 3, name: 'last' }).execute();
    expect(await names(db)).toEqual([{ name: 'first' }, { name: 'last' }]);
  });
});

describe('migrations of an application that was written for Kysely’s own dialect', () => {
  const makeTables = async (db: Kysely<unknown>): Promise<void> => {
    await sql`create table parent (id integer primary key, a text)`.execute(db);
    await sql`create table child (id integer primary key, p integer references parent (id) on delete cascade)`.execute(
      db,
    );
    await sql`insert into parent values (1, null)`.execute(db);
    await sql`insert into child values (1, 1)`.execute(db);
  };
  /** The twelve steps of https://sqlite.org/lang_altertable.html, but for the pragmas around them. */
  const rebuild = async (db: Kysely<unknown>): Promise<void> => {
    await sql`create table parent_new (id integer primary key, a text not null default '')`.execute(db);
    await sql`insert into parent_new select id, coalesce(a, '') from parent`.execute(db);
    await sql`drop table parent`.execute(db);
    await sql`alter table parent_new rename to parent`.execute(db);
  };
  const withKeysOff = async (db: Kysely<unknown>, work: (db: Kysely<unknown>) => Promise<void>) => {
    await sql`pragma foreign_keys = off`.execute(db);
    await work(db);
    await sql`pragma foreign_keys = on`.execute(db);
  };
  const children = async (db: Kysely<Tables>): Promise<unknown> =>
    (await sql`select p from child`.execute(db)).rows;
  const migrate = (db: Kysely<Tables>, ups: readonly ((db: Kysely<unknown>) => Promise<void>)[]) => {
    const migrations = Object.fromEntries(ups.map((up, index) => [`m${index}`, { up }]));
    const provider = { getMigrations: async () => migrations };
    return new Migrator({ db, provider, disableTransactions: true }).migrateToLatest();
  };
  const REBUILDS: readonly [string, (db: Kysely<unknown>) => Promise<void>][] = [
    ['its steps by themselves', (db) => withKeysOff(db, rebuild)],
    [
      'its steps in a transaction',
      (db) => withKeysOff(db, (inner) => inner.transaction().execute((trx) => rebuild(trx))),
    ],
  ];

  test.each(REBUILDS)('rebuild a table with foreign keys off, %s, and no row is lost', async (_, up) => {
    for (const db of [await ours(), await kyselys()]) {
      expect((await migrate(db, [makeTables, up])).error).toBeUndefined();
      expect(await children(db)).toEqual([{ p: 1 }]);
      const { rows } = await sql`select a from parent`.execute(db);
      expect(rows).toEqual([{ a: '' }]);
      expect(await rejection(sql`insert into child values (2, 77)`.execute(db))).toMatchObject({
        code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
      });
    }
  });

  test('cannot leave a row without its parent, and a rebuild that fails changes nothing', async () => {
    const db = await ours();
    const lose = (inner: Kysely<unknown>): Promise<void> =>
      withKeysOff(inner, async (off) => {
        await sql`delete from parent`.execute(off);
      });
    const { error } = await migrate(db, [makeTables, lose]);
    expect(error).toMatchObject({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
    const forget = db.connection().execute(async (pinned) => {
      await sql`pragma foreign_keys = off`.execute(pinned);
      await rebuild(pinned as unknown as Kysely<unknown>);
    });
    expect(await rejection(forget)).toMatchObject({ code: 'invalid_query' });
    expect((await sql`select a from parent`.execute(db)).rows).toEqual([{ a: null }]);
    expect(await children(db)).toEqual([{ p: 1 }]);
  });

  test.each(['pragma foreign_keys = off', 'pragma defer_foreign_keys = on', 'vacuum'])(
    'say how it works when they run in a transaction: %s',
    async (statement) => {
      const db = await ours();
      const inTransaction = db.transaction().execute((trx) => sql.raw(statement).execute(trx));
      const message = String(await rejection(inTransaction));
      expect(message).toContain('disableTransactions');
      expect(message.includes('SQLite itself ignores it')).toBe(statement.includes(' foreign_keys'));
    },
  );

  test('say how it works when a change of a table with portable values rebuilds it, which is possible there', async () => {
    const path = `${await temporaryFolder()}/app.db`;
    await using db = new Kysely<Tables>({ dialect: sqliteDialect({ path, values: 'portable' }) });
    await makeTables(db as unknown as Kysely<unknown>);
    const change = (inner: Kysely<unknown>): Promise<void> =>
      inner.schema
        .alterTable('child')
        .alterColumn('p', (column) => column.setNotNull())
        .execute();
    expect(String(await rejection(change(db as unknown as Kysely<unknown>)))).toContain(
      'disableTransactions',
    );
    expect((await migrate(db, [(inner) => withKeysOff(inner, change)])).error).toBeUndefined();
    expect(await rejection(sql`insert into child values (2, null)`.execute(db))).toMatchObject({
      code: 'SQLITE_CONSTRAINT_NOTNULL',
    });
  });

  test('open transactions of their own, and run once however many Migrators start in a process', async () => {
    const db = await ours();
    let runs = 0;
    const up = async (inner: Kysely<unknown>): Promise<void> => {
      runs += 1;
      await inner.transaction().execute((trx) => makeTables(trx));
    };
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => migrate(db, [up])));
    expect(outcomes.map(({ error }) => error)).toEqual(Array.from({ length: 4 }, () => undefined));
    expect(runs).toBe(1);
  });
});
