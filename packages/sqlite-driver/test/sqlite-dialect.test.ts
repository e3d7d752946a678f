import { sqliteDialect } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { type Dialect, Kysely, SqliteDialect, sql } from 'kysely';
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
