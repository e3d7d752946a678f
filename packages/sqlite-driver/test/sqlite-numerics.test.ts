import { native, openStorage, type Storage, typed } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Tables {
  item: { id: number; price: string; wide: string };
}

let storage: Storage<Tables>;

beforeAll(async () => {
  storage = await openStorage<Tables>({ url: 'sqlite::memory:', drivers: [sqlite()] });
  await storage.kysely.schema
    .createTable('item')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('price', 'numeric(10, 2)', (column) => column.notNull())
    .addColumn('wide', 'numeric(30, 2)')
    .execute();
  await storage.kysely.schema.createIndex('item_price').on('item').column('price').execute();
  await storage.repository('item', { key: 'id' }).insertMany([
    { id: 1, price: '12.5', wide: '1' },
    { id: 2, price: '-0.05', wide: '2' },
  ]);
});

afterAll(() => storage.close());

describe('numerics of up to 18 digits', () => {
  test('are whole numbers to raw SQL, and longer ones text', async () => {
    const { rows } =
      await sql<object>`select price * 1 as price, wide || '' as wide from item order by id`.execute(
        storage.kysely,
      );
    expect(rows).toStrictEqual([
      { price: 1250, wide: '1.00' },
      { price: -5, wide: '2.00' },
    ]);
  });

  test('are decimal text where raw SQL returns the column', async () => {
    const { rows } = await sql<object>`select price from item where id = 1`.execute(storage.kysely);
    expect(rows).toStrictEqual([{ price: '12.50' }]);
  });

  test.each([["'12.00'"], ["'12'"], ['12.5'], ['12.0'], ['10000000000'], ["x'01'"]])(
    'refuse %s of raw SQL',
    async (value) => {
      const insert = sql`insert into item (id, price) values (9, ${sql.raw(value)})`.execute(storage.kysely);
      await expect(insert).rejects.toMatchObject({ code: 'invalid_value', column: 'price' });
    },
  );

  test('refuse an expression whose type is not known', async () => {
    const update = storage.kysely.updateTable('item').set({ price: sql<string>`12` }).execute();
    await expect(update).rejects.toMatchObject({ code: 'untyped_expression' });
  });

  test('are refused where raw SQL with a declared type names them, and taken as references', async () => {
    const { kysely } = storage;
    const typedAs = (fragment: ReturnType<typeof sql>): Promise<unknown> =>
      kysely.selectFrom('item').select(typed(fragment, 'numeric').as('n')).where('id', '=', 1).execute();
    await expect(typedAs(sql`max(price)`)).rejects.toMatchObject({ code: 'untyped_expression' });
    expect(await typedAs(sql`/* price */ max(wide)`)).toStrictEqual([{ n: '1.00' }]);
    expect(await typedAs(sql`max(${sql.ref('price')})`)).toStrictEqual([{ n: '12.50' }]);
  });

  test.each([
    ['a text of it', sql`'x' || price`],
    ['a comparison', sql`price > 10`],
    ['a function', sql`max(item.price)`],
    ['a quoted name', sql`"price" * 2`],
  ])('are refused in raw SQL that is %s', async (_, raw) => {
    const query = storage.kysely.selectFrom('item').select(raw.as('x'));
    await expect(query.execute()).rejects.toMatchObject({ code: 'untyped_expression' });
  });

  test('are taken by raw SQL that names them alone, sorts, counts, or asks for NULL', async () => {
    const { kysely } = storage;
    const rows = await kysely
      .selectFrom('item')
      .select([sql`item.price`.as('price'), sql`price is not null`.as('given'), sql`'price'`.as('word')])
      .where(sql<string>`price`, '>', '-1')
      .orderBy(sql`price desc`)
      .execute();
    expect(rows).toStrictEqual([
      { price: '12.50', given: 1, word: 'price' },
      { price: '-0.05', given: 1, word: 'price' },
    ]);
    const counted = await kysely.selectFrom('item').select(sql`count(distinct price)`.as('price')).execute();
    expect(counted).toStrictEqual([{ price: 2 }]);
    const doubled = await kysely
      .selectFrom('item')
      .select(native(sql`price * 2`).as('x'))
      .where('id', '=', 1)
      .execute();
    expect(doubled).toStrictEqual([{ x: 2500 }]);
  });

  test('have an index that serves a range, an order and a join', async () => {
    const { kysely } = storage;
    const range = kysely
      .selectFrom('item')
      .select('id')
      .where('price', '>=', '1.5')
      .where('price', '<', '20');
    const list = kysely.selectFrom('item').select('id').where('price', 'in', ['1.50', '2']);
    const order = kysely.selectFrom('item').select('id').orderBy('price').limit(10);
    const top = kysely.selectFrom('item').select((eb) => eb.fn.max('price').as('top'));
    for (const query of [range, list, order, top]) {
      const { sql: text, parameters } = query.compile();
      expect(text).not.toContain('sluice_');
      expect(await planOf(text, parameters)).toContain('item_price');
    }
  });

  async function planOf(text: string, parameters: readonly unknown[]): Promise<string> {
    const parts = text.split('?');
    const query = sql.join(
      parts.flatMap((part, index) =>
        index === 0 ? [sql.raw(part)] : [sql`${parameters[index - 1]}`, sql.raw(part)],
      ),
      sql``,
    );
    const { rows } = await sql<{ detail: string }>`explain query plan ${query}`.execute(storage.kysely);
    return rows.map(({ detail }) => detail).join('; ');
  }
});
