import { UniqueViolationError } from '@sluice/core';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTables } from './opened-storage.js';

interface Shop {
  item: { id: number; name: string };
}

const SCHEMA = ['create table item (id integer primary key, name text collate "C" not null unique)'];

/** A storage and a second one on its database, for what happens at the same time. */
async function openShop() {
  const { storage, url } = await openTables<Shop>(SCHEMA);
  const { storage: other } = await openTables<Shop>([], { url });
  return { storage, others: other.repository('item', { key: 'id' }) };
}

test('replays a violation by a row that the transaction could not see', async () => {
  const { storage, others } = await openShop();
  const deleted: boolean[] = [];
  await storage.write(async (tx) => {
    const items = tx.repository('item', { key: 'id' });
    deleted.push(await items.delete(1));
    if (deleted.length === 1) await others.insert({ id: 1, name: 'theirs' });
    await items.insert({ id: 1, name: 'mine' });
  });
  expect(deleted).toEqual([false, true]);
  expect(await others.find()).toEqual([{ id: 1, name: 'mine' }]);
  expect(storage.metrics().replays).toMatchObject({ serialization: 1 });
});

test('replays a violation that a savepoint caught', async () => {
  const { storage, others } = await openShop();
  let runs = 0;
  const seen = await storage.write(async (tx) => {
    runs += 1;
    const items = tx.repository('item', { key: 'id' });
    await items.count();
    if (runs === 1) await others.insert({ id: 1, name: 'theirs' });
    const inserted = tx.savepoint((inner) =>
      inner.repository('item', { key: 'id' }).insert({ id: 1, name: 'mine' }),
    );
    const error = await inserted.catch((thrown: unknown) => thrown);
    return { isTaken: error instanceof UniqueViolationError, row: await items.get(1) };
  });
  expect(seen).toEqual({ isTaken: true, row: { id: 1, name: 'theirs' } });
  expect(runs).toBe(2);
});

test('believes a violation of each constraint the second time', async () => {
  const { storage, others } = await openShop();
  await others.insert({ id: 1, name: 'one' });
  let runs = 0;
  const codes = await storage.write(async (tx) => {
    runs += 1;
    const insert = (row: Shop['item']) =>
      tx
        .savepoint((inner) => inner.repository('item', { key: 'id' }).insert(row))
        .catch((error: unknown) => error);
    return [await insert({ id: 1, name: 'two' }), await insert({ id: 2, name: 'one' })];
  });
  expect(codes).toMatchObject([
    { code: 'unique_violation', columns: ['id'] },
    { code: 'unique_violation', columns: ['name'] },
  ]);
  expect(runs).toBe(3);
});

test('gives the violation to the caller when it comes again', async () => {
  const { storage, others } = await openShop();
  await others.insert({ id: 1, name: 'one' });
  let runs = 0;
  const work = storage.write(async (tx) => {
    runs += 1;
    const items = tx.repository('item', { key: 'id' });
    await items.count();
    await items.insert({ id: 1, name: 'two' });
  });
  await expect(work).rejects.toMatchObject({
    code: 'unique_violation',
    columns: ['id'],
    cause: { code: '23505' },
  });
  expect(runs).toBe(2);
});

test('doubts a deferred constraint at COMMIT too', async () => {
  const { storage } = await openTables<Shop>([
    'create table item (id integer primary key, name text not null, unique (name) deferrable initially deferred)',
  ]);
  const items = storage.repository('item', { key: 'id' });
  await items.insertMany([
    { id: 1, name: 'one' },
    { id: 2, name: 'two' },
  ]);
  let runs = 0;
  const work = storage.write(async (tx) => {
    runs += 1;
    await tx.repository('item', { key: 'id' }).update(2, { name: 'one' });
  });
  await expect(work).rejects.toMatchObject({ code: 'unique_violation' });
  expect(runs).toBe(2);
});

test.each(['repeatable read', 'read committed'] as const)('doubts nothing at %s', async (isolation) => {
  const { storage, others } = await openShop();
  await others.insert({ id: 1, name: 'one' });
  let runs = 0;
  const work = storage.write(
    async (tx) => {
      runs += 1;
      await tx.repository('item', { key: 'id' }).count();
      await tx.repository('item', { key: 'id' }).insert({ id: 1, name: 'two' });
    },
    { isolation },
  );
  await expect(work).rejects.toMatchObject({ code: 'unique_violation' });
  expect(runs).toBe(1);
});

test("does not doubt in a transaction of Kysely's, which nobody replays", async () => {
  const { storage, others } = await openShop();
  await others.insert({ id: 1, name: 'one' });
  const work = storage.kysely.transaction().execute(async (trx) => {
    await trx.selectFrom('item').selectAll().execute();
    await trx.insertInto('item').values({ id: 1, name: 'two' }).execute();
  });
  await expect(work).rejects.toBeInstanceOf(UniqueViolationError);
});

test('runs a single statement that reads again, in a snapshot that holds the row', async () => {
  const { storage, others } = await openShop();
  const written = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const holding = storage.write(async (tx) => {
    await tx.repository('item', { key: 'id' }).insert({ id: 1, name: 'first' });
    written.resolve();
    await mayCommit.promise;
  });
  await written.promise;
  const insertion = storage.kysely
    .insertInto('item')
    .columns(['id', 'name'])
    .expression((query) =>
      query
        .selectFrom(sql`(values (1, 'second'))`.as<'given'>(sql`given (id, name)`))
        .select([sql<number>`given.id`.as('id'), sql<string>`given.name`.as('name')])
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('item').select('item.id').where('item.id', '=', 1))),
        ),
    )
    .executeTakeFirst();
  const waiting = sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
  await expect.poll(async () => (await waiting.execute(storage.kysely)).rows.length).toBe(1);
  mayCommit.resolve();
  await holding;
  expect(await insertion).toMatchObject({ numInsertedOrUpdatedRows: 0n });
  expect(await others.find()).toEqual([{ id: 1, name: 'first' }]);
});

test('takes a key that was given up after the snapshot, although its own reads show the old holder: a limit that the contract tells of', async () => {
  const { storage, others } = await openShop();
  // In a small table PostgreSQL watches whole pages, and would undo the transaction.
  await sql`insert into item select id, 'name ' || id from generate_series(1, 20000) id`.execute(
    storage.kysely,
  );
  await sql`analyze item`.execute(storage.kysely);
  const seen = await storage.write(async (tx) => {
    const items = tx.repository('item', { key: 'id' });
    const holder = await items.get(2);
    await others.update(2, { name: 'another' });
    await items.insert({ id: 30_000, name: 'name 2' });
    return holder;
  });
  expect(seen).toEqual({ id: 2, name: 'name 2' });
  expect(storage.metrics().replays).toEqual({});
});
