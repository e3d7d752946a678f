import { ForeignKeyViolationError, type Storage, UnreadableResultError, ValueError } from '@sluice/core';
import { postgresDialect } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection } from '@sluice/testkit/driver-tests';
import { Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTables } from './opened-storage.js';

interface Account {
  readonly id: number;
  readonly email?: string | null;
  readonly at?: Date;
}

type Tables = Record<string, Account>;

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** The keys of the rows of a table, whatever they hold. */
async function ids({ kysely }: Pick<Storage<Tables>, 'kysely'>, table = 'account'): Promise<number[]> {
  return (await kysely.selectFrom(table).select('id').orderBy('id').execute()).map(({ id }) => id);
}

async function isAtLeast(kysely: Storage<Tables>['kysely'], version: number): Promise<boolean> {
  const { rows } = await sql<{
    major: number;
  }>`select current_setting('server_version_num')::integer / 10000 as major`.execute(kysely);
  return (rows[0]?.major ?? 0) >= version;
}

async function refused(work: Promise<unknown>): Promise<unknown> {
  const error = await rejection(work);
  expect(error).toBeInstanceOf(ValueError);
  return error;
}

test('stores nothing of a write that returns a time that no Date can hold, and says so', async () => {
  const { storage } = await openTables<Tables>([
    `create table account (id serial primary key, email text, at timestamptz not null default 'infinity')`,
    `insert into account values (1, 'first', 'infinity')`,
  ]);
  const { kysely } = storage;
  const accounts = storage.repository('account', { key: 'id' });
  const at = { email: 'new', at: sql<Date>`'infinity'::timestamptz` } as const;
  const writes: Record<string, () => Promise<unknown>> = {
    update: () => accounts.update(1, { email: 'new' }),
    upsert: () => accounts.upsert({ id: 1, email: 'new' }),
    insert: () =>
      kysely
        .insertInto('account')
        .values({ id: 2, ...at })
        .returningAll()
        .execute(),
    delete: () => kysely.deleteFrom('account').where('id', '=', 1).returning('at').execute(),
    with: () =>
      sql`with changed as (update account set email = 'new' returning at) select * from changed`.execute(
        kysely,
      ),
  };
  // MERGE returns rows from PostgreSQL 17 on (postgresql.org/docs/17/sql-merge.html).
  if (await isAtLeast(kysely, 17)) {
    writes.merge = () =>
      sql`merge into account using (values (1)) as given (id) on account.id = given.id when matched then update set email = 'new' returning account.at`.execute(
        kysely,
      );
  }
  for (const [name, write] of Object.entries(writes)) {
    for (const attempt of range(3)) {
      expect(await refused(write()), `${name}, ${attempt}`).toMatchObject({
        column: 'at',
        message: expect.stringMatching(/no Date can hold.* Nothing was stored\.$/),
      });
    }
  }
  expect(await kysely.selectFrom('account').select(['id', 'email']).execute()).toStrictEqual([
    { id: 1, email: 'first' },
  ]);
});

test('says of a write that it is stored when its column gave no reason to decode its rows before', async () => {
  const { storage } = await openTables<Tables>([
    'create table account (id integer primary key, email text, at timestamptz(3))',
    `insert into account values (1, 'before', 'epoch'), (2, 'before', 'infinity'), (3, 'before', '-infinity')`,
  ]);
  const accounts = storage.repository('account', { key: 'id' });
  expect(await accounts.update(1, { email: 'after' })).toMatchObject({ email: 'after' });

  const error = await rejection(accounts.update(2, { email: 'after' }, { label: 'rename' }));
  expect(error).toBeInstanceOf(UnreadableResultError);
  expect(error).toMatchObject({ code: 'result_unreadable', retryable: false, operation: 'rename' });
  expect((error as Error).message).toMatch(/^The write is committed/);
  expect((error as Error).cause).toBeInstanceOf(ValueError);
  // From then on it is refused before it is committed.
  await refused(accounts.update(3, { email: 'after' }));
  expect(await accounts.update(1, { email: 'again' })).toMatchObject({ email: 'again' });

  const emails = await storage.kysely.selectFrom('account').select('email').orderBy('id').execute();
  expect(emails.map(({ email }) => email)).toStrictEqual(['again', 'after', 'before']);
});

test('each of the inserts that one statement makes says whether it is stored', async () => {
  const { storage } = await openTables<Tables>([
    `create table given (at timestamptz)`,
    `insert into given values ('epoch')`,
    `create function given() returns timestamptz language sql volatile as 'select at from given'`,
    'create table account (id integer primary key, email text, at timestamptz(3) default given())',
  ]);
  const insertAll = (from: number) =>
    Promise.allSettled(
      range(20).map((n) => storage.repository('account', { key: 'id' }).insert({ id: from + n, email: 'e' })),
    );
  const codes = (settled: readonly PromiseSettledResult<unknown>[]) => [
    ...new Set(settled.map((each) => (each.status === 'rejected' ? each.reason.code : 'stored'))),
  ];
  expect(codes(await insertAll(0))).toStrictEqual(['stored']);
  await sql`update given set at = 'infinity'`.execute(storage.kysely);
  expect(codes(await insertAll(100))).toStrictEqual(['result_unreadable']);
  expect(await ids(storage)).toStrictEqual([...range(20), ...range(20).map((n) => 100 + n)]);
  expect(codes(await insertAll(200))).toStrictEqual(['invalid_value']);
  expect(await ids(storage)).toHaveLength(40);
});

test('a SELECT that cannot be read is refused as a read is, each time', async () => {
  const { storage } = await openTables<Tables>([]);
  for (const _ of range(3)) await refused(sql`select 'infinity'::date as day`.execute(storage.kysely));
});

test('a write whose rows are decoded before its COMMIT keeps the server’s default of read only', async () => {
  const url = await temporaryPostgresUrl();
  const database = new URL(url).pathname.slice(1);
  const { storage } = await openTables<Tables>(
    [
      'create table account (id integer primary key, at timestamptz)',
      `alter database "${database}" set default_transaction_read_only = on`,
    ],
    { url },
  );
  const insert = storage.kysely.insertInto('account').values({ id: 1 }).returningAll();
  for (const _ of range(2)) expect(await rejection(insert.execute())).toHaveProperty('cause.code', '25006');
  expect(await ids(storage)).toStrictEqual([]);
});

test('a write whose rows are decoded before its COMMIT gives the error of the COMMIT, and stores nothing', async () => {
  const { storage } = await openTables<Tables>([
    'create table account (id integer primary key, at timestamptz, parent integer references account deferrable initially deferred)',
  ]);
  const { kysely } = storage;
  for (const id of [1, 2]) {
    const work = sql`insert into account (id, parent) values (${id}, 7) returning *`.execute(kysely);
    expect(await rejection(work)).toBeInstanceOf(ForeignKeyViolationError);
  }
  await sql`insert into account (id) values (${3}) returning *`.execute(kysely);
  expect(await ids(storage)).toStrictEqual([3]);
});

test('a write whose rows are decoded before its COMMIT ends at its deadline, and stores nothing', async () => {
  const { storage } = await openTables<Tables>([
    'create table account (id integer primary key, at timestamptz)',
  ]);
  const work = storage.repository('account', { key: 'id' });
  await sql`create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(20); return new; end'`.execute(
    storage.kysely,
  );
  await sql`create trigger slow before insert on account for each row execute function slow()`.execute(
    storage.kysely,
  );
  expect(await rejection(work.insert({ id: 1 }, { timeoutMs: 200 }))).toHaveProperty('code', 'timeout');
  await sql`drop trigger slow on account`.execute(storage.kysely);
  expect(await work.insert({ id: 2 })).toMatchObject({ id: 2 });
  expect(await ids(storage)).toStrictEqual([2]);
});

test('postgresDialect with the values of the contract: such a write fails its transaction, and a savepoint undoes it', async () => {
  const url = await temporaryPostgresUrl();
  const db = new Kysely<Tables>({ dialect: postgresDialect({ url, values: 'portable' }) });
  try {
    await sql`create table account (id integer primary key, at timestamptz default 'infinity')`.execute(db);
    const write = (id: number, on: Kysely<Tables>) =>
      on.insertInto('account').values({ id }).returningAll().execute();
    const caught = db.transaction().execute(async (trx) => {
      await refused(write(1, trx));
    });
    expect(await rejection(caught)).toHaveProperty('code', 'transaction_broken');

    const trx = await db.startTransaction().execute();
    await trx.insertInto('account').values({ id: 2 }).execute();
    const saved = await trx.savepoint('before').execute();
    await refused(write(3, saved));
    await (await saved.rollbackToSavepoint('before').execute()).commit().execute();
    expect(await ids({ kysely: db })).toStrictEqual([2]);
  } finally {
    await db.destroy();
  }
});
