import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { type AnyTables, openTables } from './opened-storage.js';

const SCHEMA = [
  `create type mood as enum ('sad', 'ok')`,
  `create table shelf (id integer primary key, texts text[], names varchar(5)[], smalls smallint[], whole integer[], big bigint[], doubles double precision[],
     prices numeric(10, 2)[], flags boolean[], days date[], times timestamptz[], locals timestamp[], refs uuid[], bytes bytea[], docs jsonb[], texts_of_json json[],
     moods mood[], spans interval[])`,
];

const REF = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

/** An array of each of the contract's types, with what PostgreSQL quotes in its text. */
const ARRAYS = {
  texts: ['a,b', '', 'NULL', null, 'q"u\\o', ' {} ', 'ü\n'],
  names: ['short', null],
  smalls: [-1, 0, 32_767],
  whole: [1, null, -(2 ** 31)],
  big: [9_007_199_254_740_993n, 1n, null],
  doubles: [0.1, Number.POSITIVE_INFINITY, 1e-300],
  prices: ['1.50', '-0.01'],
  flags: [true, false, null],
  days: ['2024-02-29'],
  times: [new Date('2024-02-03T04:05:06.789Z'), null],
  locals: [new Date(-1)],
  refs: [REF],
  bytes: [new Uint8Array([0, 92, 34, 255]), new Uint8Array()],
  docs: [{ a: [1, 'x"\\'] }, [1, [2]], 'text', 1.5],
  texts_of_json: [[], {}],
};

test('an array of any type of the contract is read as it was written, by every way of writing', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const shelf = storage.repository('shelf', { key: 'id' });
  expect(await shelf.insert({ id: 1, ...ARRAYS })).toMatchObject(ARRAYS);
  await shelf.insertMany([2, 3, 4].map((id) => ({ id, ...ARRAYS })));
  expect(await shelf.get(4)).toMatchObject(ARRAYS);
  await storage.kysely
    .insertInto('shelf')
    .values([
      { id: 5, ...ARRAYS },
      { id: 6, ...ARRAYS },
    ])
    .execute();
  await storage.kysely
    .updateTable('shelf')
    .set({ ...ARRAYS, texts: ['z'] })
    .where('id', '=', 6)
    .execute();
  expect(
    await storage.kysely.selectFrom('shelf').selectAll().where('id', '=', 5).executeTakeFirst(),
  ).toMatchObject(ARRAYS);
  const { texts } = await storage.kysely
    .selectFrom('shelf')
    .select('texts')
    .where('id', '=', 6)
    .executeTakeFirstOrThrow();
  expect(texts).toEqual(['z']);
  const row = await shelf.getOrThrow(1);
  expect(await shelf.update(1, { ...row, id: 7 })).toEqual({ ...row, id: 7 });
  expect(
    await shelf.find({ where: { whole: ARRAYS.whole, texts: ARRAYS.texts }, orderBy: { id: 'asc' } }),
  ).toHaveLength(5);
});

test('dimensions, empty arrays, NULL and the text of an array', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const shelf = storage.repository('shelf', { key: 'id' });
  const given = {
    id: 1,
    whole: [
      [1, 2],
      [3, null],
    ],
    texts: [],
    flags: null,
    doubles: '[0:1]={1.5,2}',
    moods: '{sad,ok}',
    spans: '{"1 day",02:00:00}',
  };
  expect(await shelf.insert(given)).toMatchObject({ ...given, doubles: [1.5, 2] });
  await shelf.insert({ id: 2, whole: '{{{1},{2}},{{3},{4}}}' });
  expect((await shelf.get(2))?.whole).toEqual([
    [[1], [2]],
    [[3], [4]],
  ]);
  const { rows } =
    await sql`select array_agg(id order by id) as ids, array[1, 2]::bigint[] as big from shelf`.execute(
      storage.kysely,
    );
  expect(rows).toEqual([{ ids: [1, 2], big: [1n, 2n] }]);
});

test('refuses elements that their type does not hold', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const shelf = storage.repository('shelf', { key: 'id' });
  for (const [id, row] of [
    { whole: [1.5] },
    { whole: ['1'] },
    { texts: ['\0'] },
    { names: ['longer'] },
    { prices: ['1.234'] },
    { days: ['2024-02-30'] },
    { flags: [1] },
    { whole: [[1], []] },
    { texts: [undefined] },
    { times: ['soon'] },
    { doubles: [Number.NaN] },
  ].entries()) {
    expect(await rejection(shelf.insert({ id, ...row })), JSON.stringify(row)).toMatchObject({
      code: 'invalid_value',
    });
    expect(
      await rejection(
        storage.kysely
          .insertInto('shelf')
          .values({ id, ...row })
          .execute(),
      ),
    ).toMatchObject({ code: 'invalid_value' });
  }
  expect(await shelf.count()).toBe(0);
});
