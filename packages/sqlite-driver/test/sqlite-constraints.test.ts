import { rejection, runIn } from '@sluice/testkit/driver-tests';
import { beforeEach, describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase } from './opened-database.js';

let db: OpenedFile;

beforeEach(async () => {
  db = await openDatabase();
  await db.run('create table maker (id integer primary key)');
  await db.run('create table shop (id integer primary key)');
  await db.run(`create table item (id integer primary key, maker_id integer, shop_id integer,
    constraint item_maker foreign key (maker_id) references maker (id),
    constraint item_shop foreign key (shop_id) references shop (id))`);
  await db.run('insert into maker values (1), (2)');
  await db.run('insert into shop values (1), (2)');
  await db.run('insert into item values (1, 1, 1)');
});

const byMaker = { table: 'item', columns: ['maker_id'], constraint: 'item_maker' };
const byShop = { table: 'item', columns: ['shop_id'], constraint: 'item_shop' };

describe('a violated foreign key', () => {
  test.each([
    ['insert into item values (2, 1, 9)', byShop],
    ['insert into item values (2, 9, 1)', byMaker],
    ['insert into item (id, shop_id) values (2, 9) returning id', byShop],
    ['update item set maker_id = 9', byMaker],
    ['insert into item values (1, 1, 1) on conflict (id) do update set shop_id = 9', byShop],
    ['delete from maker', byMaker],
    ['update shop set id = id + 10', byShop],
    ['with gone as (select 1 as id) delete from shop where id in (select id from gone)', byShop],
  ])('by "%s" is named', async (sql, details) => {
    const error = await rejection(db.run(sql));
    expect(error).toMatchObject({ code: 'foreign_key_violation', ...details });
    expect(await db.rows('select * from item')).toStrictEqual([{ id: 1, maker_id: 1, shop_id: 1 }]);
    expect(await db.rows('select count(*) as count from shop')).toStrictEqual([{ count: 2 }]);
  });

  test('is named inside a transaction, which goes on as it was', async () => {
    const transaction = await db.database.begin({ access: 'write' });
    await runIn(transaction, 'insert into item values (2, 2, 2)');
    const failed = runIn(transaction, 'insert into item values (3, 1, 9)');
    expect(await rejection(failed)).toMatchObject(byShop);
    expect(await rejection(runIn(transaction, 'insert into item values (4, 9, 1)'))).toMatchObject(byMaker);
    await transaction.commit();
    expect((await db.rows('select id from item')).map(({ id }) => id)).toStrictEqual([1, 2]);
  });

  test('takes no neighbour of its group with it', async () => {
    const work = [2, 9, 1].map((shop, index) =>
      db.run('insert into item values (?, 1, ?)', [index + 10, shop], { access: 'write' }),
    );
    const settled = await Promise.allSettled(work);
    expect(settled.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

test('a unique index is named', async () => {
  await db.run('create unique index item_place on item (maker_id, shop_id)');
  expect(await rejection(db.run('insert into item values (2, 1, 1)'))).toMatchObject({
    code: 'unique_violation',
    table: 'item',
    columns: ['maker_id', 'shop_id'],
    constraint: 'item_place',
  });
});

test('a check without a name tells its columns, one in a trigger its own table', async () => {
  await db.run('create table log (id integer primary key, size integer, constraint small check (size < 10))');
  await db.run('create table source (size integer check (size > 0 and size <> 7))');
  await db.run(
    'create trigger copy after insert on source begin insert into log (size) values (new.size); end',
  );
  expect(await rejection(db.run('insert into source values (7)'))).toMatchObject({
    code: 'check_violation',
    table: 'source',
    columns: ['size'],
    constraint: 'source_size_check',
  });
  expect(await rejection(db.run('insert into source values (50)'))).toMatchObject({
    code: 'check_violation',
    table: 'log',
    columns: ['size'],
    constraint: 'small',
  });
});
