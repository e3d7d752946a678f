import { openStorage, type Storage, ValueError } from '@sluice/core';
import { sqlite, sqliteDialect } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import { Kysely, sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from './opened-database.js';

interface Row {
  readonly id: number;
  readonly v?: string;
  readonly c?: unknown;
}

type Tables = Record<string, Row>;

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

async function open(): Promise<Storage<Tables>> {
  const url = `sqlite:${await temporaryFolder()}/app.db`;
  const storage = await openStorage<Tables>({ url, drivers: [sqlite()] });
  opened.push(storage);
  return storage;
}

async function rows(kysely: Kysely<Tables>): Promise<unknown[]> {
  return (await sql<unknown>`select id, v from item order by id`.execute(kysely)).rows;
}

test.each([
  ['timestamptz', `'soon'`],
  ['boolean', `'maybe'`],
  ['boolean', '2'],
  ['json_text', `'{bad'`],
  ['bigint', `'x'`],
  ['int', '9007199254740993'],
  ['smallint', '1.5'],
  ['double precision', `'much'`],
  ['numeric_text', `x'00'`],
  ['bytea_blob', `'text'`],
])(
  'stores nothing of a write that returns what its column of type %s does not have: %s',
  async (type, value) => {
    const storage = await open();
    const { kysely } = storage;
    await sql`create table item (id integer primary key, v text, c ${sql.raw(type)} default (${sql.raw(value)}))`.execute(
      kysely,
    );
    await sql`insert into item (id, v) values (1, 'first')`.execute(kysely);
    const items = storage.repository('item', { key: 'id' });
    const writes = [
      () => items.insert({ id: 2, v: 'new' }),
      () => items.update(1, { v: 'new' }),
      () => items.upsert({ id: 1, v: 'new' }),
      () => kysely.insertInto('item').values({ id: 2, v: 'new' }).returningAll().execute(),
      () => kysely.deleteFrom('item').where('id', '=', 1).returning('c').execute(),
      () => storage.batch([kysely.insertInto('item').values({ id: 2, v: 'new' }).returningAll()]),
      () => storage.write((tx) => tx.repository('item', { key: 'id' }).update(1, { v: 'new' })),
    ];
    for (const write of writes) {
      const error = await rejection(write());
      expect(error).toBeInstanceOf(ValueError);
      expect(error).toMatchObject({ column: 'c', message: expect.stringMatching(/Nothing was stored\.$/) });
    }
    expect(await rows(kysely)).toStrictEqual([{ id: 1, v: 'first' }]);
    expect(
      await kysely.insertInto('item').values({ id: 3, v: 'new' }).returning('id').execute(),
    ).toStrictEqual([{ id: 3 }]);
  },
);

test('many writes that cannot be read do not make their group run again for each of them', async () => {
  const storage = await open();
  await sql`create table item (id integer primary key, v text, c timestamptz default 'soon')`.execute(
    storage.kysely,
  );
  const items = storage.repository('item', { key: 'id' });
  const before = storage.metrics().database.rollbacks;
  const settled = await Promise.allSettled(
    Array.from({ length: 400 }, (_, id) => items.insert(id % 2 === 0 ? { id } : { id, c: new Date(id) })),
  );
  expect(settled.map(({ status }) => status === 'fulfilled')).toStrictEqual(
    settled.map((_, id) => id % 2 === 1),
  );
  expect(await rows(storage.kysely)).toHaveLength(200);
  expect(storage.metrics().database.rollbacks - before).toBeLessThan(20);
});

test('sqliteDialect with the values of the contract: such a write is undone, and its transaction goes on', async () => {
  const path = `${await temporaryFolder()}/app.db`;
  const db = new Kysely<Tables>({ dialect: sqliteDialect({ path, values: 'portable' }) });
  opened.push({ close: () => db.destroy() });
  await sql`create table item (id integer primary key, v text, c timestamptz default 'soon')`.execute(db);
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('item').values({ id: 1 }).execute();
    const work = trx.insertInto('item').values({ id: 2 }).returningAll().execute();
    expect(await rejection(work)).toBeInstanceOf(ValueError);
    await trx.insertInto('item').values({ id: 3 }).execute();
  });
  expect(await rows(db)).toStrictEqual([
    { id: 1, v: null },
    { id: 3, v: null },
  ]);
});

test('sqliteDialect with native values returns what is stored', async () => {
  const db = new Kysely<Tables>({ dialect: sqliteDialect({ path: `${await temporaryFolder()}/app.db` }) });
  opened.push({ close: () => db.destroy() });
  await sql`create table item (id integer primary key, c timestamptz default 'soon')`.execute(db);
  expect(await db.insertInto('item').values({ id: 1 }).returningAll().execute()).toStrictEqual([
    { id: 1, c: 'soon' },
  ]);
});
