import { increment, jsonArrayFrom, percentile, type Storage, typed } from '@sluice/core';
import { type Kysely, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

interface Price {
  readonly id: number;
  /** numeric(10, 2) */
  readonly a: string | null;
  /** numeric(12, 2): another type of the same scale. */
  readonly b: string | null;
  /** numeric(18, 4): whole numbers that a double does not hold. */
  readonly c: string | null;
  /** numeric(20, 2): more digits than 64 bits hold. */
  readonly d: string | null;
  readonly e: string | null;
  readonly n: number | null;
  readonly f: number | null;
}

interface Tables {
  price: Price;
  other: Price;
}

type Db = Kysely<Tables>;

const ROWS: readonly Price[] = [
  { id: 1, a: '9.50', b: '9.50', c: '90071992547409.9301', d: '9.50', e: '9.5', n: 9, f: 9.5 },
  { id: 2, a: '10.00', b: '-0.05', c: '90071992547409.9300', d: '10.00', e: '10', n: 10, f: 10 },
  { id: 3, a: '-0.05', b: '10.00', c: '-0.0001', d: '-0.05', e: '-0.050', n: 0, f: -0.05 },
  { id: 4, a: null, b: null, c: null, d: null, e: null, n: null, f: null },
];

/** Queries with the `id`s of their rows, or their rows. */
const READS: Readonly<
  Record<string, readonly [(db: Db) => { execute(): Promise<readonly object[]> }, readonly unknown[]]>
> = {
  'is compared with a value of another scale': [(db) => ids(db).where('a', '<', '9.501'), [1, 3]],
  'is compared with a value beyond 64 bits': [
    (db) => ids(db).where('a', '<', `1${'0'.repeat(30)}`),
    [1, 2, 3],
  ],
  'is compared with a list of values of several scales': [
    (db) => ids(db).where('a', 'in', ['9.5', '10.000', '-0.051', '9.5001']),
    [1, 2],
  ],
  'is not in a list with a value of another scale': [
    (db) => ids(db).where('a', 'not in', ['9.5', '0.001']),
    [2, 3],
  ],
  'lies between values of several scales': [
    (db) => ids(db).where((eb) => eb.between('a', '-0.050', '9.5001')),
    [1, 3],
  ],
  'is compared with a number': [(db) => ids(db).where((eb) => eb('a', '>', eb.lit(9.5 as never))), [2]],
  'is compared with a whole number': [(db) => ids(db).where('a', '>', (eb) => eb.ref('n') as never), [1]],
  'is compared with a double': [(db) => ids(db).where('a', '=', (eb) => eb.ref('f') as never), [1, 2, 3]],
  'is compared with one of another precision': [(db) => ids(db).whereRef('a', '<', 'b'), [3]],
  'is compared with one of another scale': [(db) => ids(db).whereRef('a', '<', 'c'), [1, 2, 3]],
  'is compared with one of more digits': [(db) => ids(db).whereRef('a', '=', 'd'), [1, 2, 3]],
  'is compared with one without a scale': [(db) => ids(db).whereRef('e', '=', 'a'), [1, 2, 3]],
  'is compared in a tuple': [
    (db) =>
      ids(db).where((eb) => eb(eb.refTuple('a', 'id'), 'in', [eb.tuple('9.5', 1), eb.tuple('10.001', 2)])),
    [1],
  ],
  'equals the greatest of a sub-query': [
    (db) =>
      ids(db).where('a', '=', (eb) => eb.selectFrom('price').select((max) => max.fn.max('b').as('top'))),
    [2],
  ],
  'is in a sub-query of another scale': [
    (db) => ids(db).where('a', 'in', (eb) => eb.selectFrom('price').select('d').where('id', '=', 1) as never),
    [1],
  ],
  'is compared by case': [
    (db) =>
      ids(db).where((eb) =>
        eb(eb.case('a').when('9.500').then(1).when('1.001').then(2).else(0).end(), '=', 1),
      ),
    [1],
  ],
  'sorts by value': [(db) => db.selectFrom('price').select('id').orderBy('a').orderBy('id'), [3, 1, 2, 4]],
  'sorts exactly beyond 2^53': [(db) => db.selectFrom('price').select('id').orderBy('c'), [3, 2, 1, 4]],
  'is joined with one of another scale': [
    (db) =>
      db
        .selectFrom('price')
        .innerJoin('price as o', (on) => on.onRef('o.d', '=', 'price.b'))
        .select(['price.id', 'o.id as at'])
        .orderBy('price.id'),
    [
      { id: 1, at: 1 },
      { id: 2, at: 3 },
      { id: 3, at: 2 },
    ],
  ],
  'is added up': [
    (db) =>
      db
        .selectFrom('price')
        .select((eb) => [
          eb.fn.sum('a').as('a'),
          eb.fn.sum('c').as('c'),
          eb.fn.sum('a').distinct().as('d'),
          eb.fn.sum('a').filterWhere('id', '>', 3).as('none'),
          eb.fn.sum(eb('a', '*', eb.ref('n') as never)).as('times'),
          eb.fn.min('a').as('least'),
          eb.fn.max('c').as('most'),
          eb.fn.count('a').distinct().as('count'),
        ]),
    [
      {
        a: '19.45',
        c: '180143985094819.8600',
        d: '19.45',
        none: null,
        times: '185.50',
        least: '-0.05',
        most: '90071992547409.9301',
        count: 3,
      },
    ],
  ],
  'has a median': [
    (db) =>
      db
        .selectFrom('price')
        .select([(eb) => percentile(0.5, eb.ref('a')).as('a'), (eb) => percentile(0.5, eb.ref('e')).as('e')]),
    [{ a: '9.50', e: '9.5' }],
  ],
  'has an average': [
    (db) =>
      db
        .selectFrom('price')
        .select((eb) => eb.fn.avg('a').as('a'))
        .where('id', '<', 3),
    [{ a: '9.7500000000000000' }],
  ],
  'is added up over a window': [
    (db) =>
      db
        .selectFrom('price')
        .select((eb) => [
          'id',
          eb.fn
            .sum('a')
            .over((over) => over.orderBy('id'))
            .as('sum'),
          eb.fn
            .agg<string | null>('lag', ['a'])
            .over((over) => over.orderBy('id'))
            .as('last'),
        ])
        .orderBy('id'),
    [
      { id: 1, sum: '9.50', last: null },
      { id: 2, sum: '19.50', last: '9.50' },
      { id: 3, sum: '19.45', last: '10.00' },
      { id: 4, sum: '19.45', last: '-0.05' },
    ],
  ],
  'has alternatives of one scale, of others, and of values': [
    (db) =>
      db
        .selectFrom('price')
        .select((eb) => [
          eb.fn.coalesce('a', 'b').as('one'),
          eb.fn.coalesce('a', 'c').as('other'),
          eb.fn.coalesce('a', eb.val('1.5')).as('given'),
          eb.fn<string>('greatest', ['a', 'b']).as('greatest'),
          eb.fn<string>('least', ['a', 'c', 'e']).as('least'),
          eb.fn<string>('nullif', ['a', eb.val('-0.050')]).as('no'),
          eb.case().when('id', '=', 3).then(eb.ref('a')).else(eb.ref('d')).end().as('case'),
        ])
        .where('id', '>', 2)
        .orderBy('id'),
    [
      {
        one: '-0.05',
        other: '-0.05',
        given: '-0.05',
        greatest: '10.00',
        least: '-0.05',
        no: null,
        case: '-0.05',
      },
      { one: null, other: null, given: '1.5', greatest: null, least: null, no: null, case: null },
    ],
  ],
  'is calculated with and cast': [
    (db) =>
      db
        .selectFrom('price')
        .select((eb) => [
          eb('a', '+', '1.005' as never).as('plus'),
          eb('a', '*', eb.ref('f') as never).as('double'),
          eb.neg(eb.ref('a')).as('minus'),
          eb.cast<string>('a', 'text').as('text'),
          eb.cast<string>('a', 'numeric(10, 1)').as('short'),
          eb.cast<number>('a', 'integer').as('whole'),
          eb.fn<string>('concat', ['a', eb.val('!')]).as('concat'),
        ])
        .where('id', '=', 1),
    [
      {
        plus: '10.505',
        double: 90.25,
        minus: '-9.50',
        text: '9.50',
        short: '9.5',
        whole: 10,
        concat: '9.50!',
      },
    ],
  ],
  'is a column of a union with its like': [
    (db) =>
      db
        .selectFrom(
          db.selectFrom('price').select('a as x').union(db.selectFrom('price').select('b as x')).as('t'),
        )
        .select('x')
        .where('x', '>', '0')
        .orderBy('x'),
    [{ x: '9.50' }, { x: '10.00' }],
  ],
  'is a column of a union of several scales': [
    (db) =>
      db
        .selectFrom('price')
        .select(['id', 'a'])
        .unionAll(db.selectFrom('price').select(['id', 'c']) as never)
        .orderBy('a')
        .limit(3),
    [
      { id: 3, a: '-0.05' },
      { id: 3, a: '-0.0001' },
      { id: 1, a: '9.50' },
    ],
  ],
  'is a column of a union of everything': [
    (db) =>
      db
        .selectFrom('price')
        .select(['id', 'd', 'a'])
        .where('id', '=', 1)
        .unionAll(
          db
            .selectFrom(db.selectFrom('price').select(['id', 'a', 'c']).where('id', '=', 2).as('t'))
            .selectAll() as never,
        ),
    [
      { id: 1, d: '9.50', a: '9.50' },
      { id: 2, d: '10.00', a: '90071992547409.9300' },
    ],
  ],
  'passes through a recursive WITH': [
    (db) =>
      db
        .withRecursive('r', (inner) =>
          inner
            .selectFrom('price')
            .select(['id', 'a'])
            .where('id', '=', 1)
            .unionAll(
              inner
                .selectFrom('r' as never)
                .select((eb) => [eb('r.id' as never, '+', 1 as never).as('id'), 'r.a'] as never)
                .where('r.id' as never, '<', 3 as never) as never,
            ),
        )
        .selectFrom('r')
        .select(['r.id', 'r.a'])
        .where('r.a', '=', '9.500')
        .orderBy('r.id', 'desc'),
    [
      { id: 3, a: '9.50' },
      { id: 2, a: '9.50' },
      { id: 1, a: '9.50' },
    ],
  ],
  'is decimal text in raw SQL of a declared type': [
    (db) =>
      db
        .selectFrom('price')
        .select(['id', typed(sql`coalesce(${sql.ref('a')}, ${sql.ref('d')})`, 'numeric').as('x')])
        .where((eb) => eb(typed(sql`nullif(${eb.ref('a')}, '10.00')`, 'numeric'), '=', '9.5')),
    [{ id: 1, x: '9.50' }],
  ],
  'is exact in JSON of rows': [
    (db) =>
      db
        .selectFrom('price')
        .select((eb) =>
          jsonArrayFrom(
            eb.selectFrom('price as o').select(['o.a', 'o.c', 'o.d']).whereRef('o.id', '=', 'price.id'),
          ).as('all'),
        )
        .where('id', '=', 1),
    [{ all: [{ a: '9.50', c: '90071992547409.9301', d: '9.50' }] }],
  ],
};

function ids(db: Db): ReturnType<typeof select> {
  return select(db);
}

function select(db: Db) {
  return db.selectFrom('price').select('id').orderBy('id');
}

/** Numerics of every precision and scale, which a driver may store in several forms. */
export function numericCases(fixture: Fixture): void {
  const opened = async (): Promise<Storage<Tables>> => {
    const storage = await fixture.apart<Tables>();
    await create(storage.kysely);
    await storage.repository('price', { key: 'id' }).insertMany(ROWS);
    return storage;
  };

  describe('numerics', () => {
    test('C2 a numeric means its value in every query', async () => {
      const { kysely } = await opened();
      for (const [what, [query, expected]] of Object.entries(READS)) {
        const rows = await query(kysely).execute();
        const found = typeof expected[0] === 'number' ? rows.map((row) => (row as { id: number }).id) : rows;
        expect(found, what).toStrictEqual(expected);
      }
    });

    test('C2 a repository compares a numeric with values of any scale', async () => {
      const prices = (await opened()).repository('price', { key: 'id' });
      const found = async (where: object): Promise<number[]> =>
        (await prices.find({ where, orderBy: { id: 'asc' } })).map(({ id }) => id);
      expect(await found({ a: '9.500' })).toStrictEqual([1]);
      expect(await found({ a: { gt: '9.499', lte: '10.000' } })).toStrictEqual([1, 2]);
      expect(await found({ a: { ne: '9.505' } })).toStrictEqual([1, 2, 3]);
      expect(await found({ a: { lt: `9${'0'.repeat(40)}.5` } })).toStrictEqual([1, 2, 3]);
      expect(await found({ a: { in: ['9.5', '0.001', '-0.05'] } })).toStrictEqual([1, 3]);
      expect(await found({ a: { notIn: ['9.5', '0.001'] } })).toStrictEqual([2, 3]);
      expect(await found({ a: { in: ['0.001'] } })).toStrictEqual([]);
      expect(await found({ a: { between: ['-0.051', '9.5'] } })).toStrictEqual([1, 3]);
      expect(await found({ not: { a: '0.001' } })).toStrictEqual([1, 2, 3]);
      const pages = await collect(prices.stream({ orderBy: { c: 'desc' } }));
      expect(pages.map(({ id }) => id)).toStrictEqual([4, 1, 2, 3]);
    });

    test('C2 a numeric is a key and the order of pages', async () => {
      const storage = await fixture.apart<{ rate: { at: string; to: string | null } }>();
      await storage.kysely.schema
        .createTable('rate')
        .addColumn('at', 'numeric(18, 4)', (column) => column.primaryKey())
        .addColumn('to', 'numeric(6, 3)')
        .execute();
      const rates = storage.repository('rate', { key: 'at' });
      const ats = ['-1.5000', '0.0000', '90071992547409.9300', '90071992547409.9301'];
      await rates.insertMany(ats.map((at, index) => ({ at, to: index === 0 ? null : `${index}.5` })));
      expect(await rates.get('90071992547409.9301')).toStrictEqual({ at: ats[3], to: '3.500' });
      expect((await rates.getMany(['0', '90071992547409.93'])).map((row) => row?.at)).toStrictEqual([
        ats[1],
        ats[2],
      ]);
      const first = await rates.page({ orderBy: { at: 'desc' }, size: 2 });
      const second = await rates.page({ orderBy: { at: 'desc' }, size: 2, cursor: first.nextCursor });
      expect([...first.rows, ...second.rows].map(({ at }) => at)).toStrictEqual(ats.toReversed());
      expect(await rates.update('0.0', { to: '0.25' })).toStrictEqual({ at: '0.0000', to: '0.250' });
      expect(await rates.delete('-1.5')).toBe(true);
    });

    test('C2 an expression is stored in the scale of its column, rounded half away from zero', async () => {
      const { kysely } = await opened();
      await kysely
        .updateTable('price')
        .set((eb) => ({
          a: eb('a', '*', '1.005' as never),
          b: eb.ref('c') as never,
          c: eb.ref('f') as never,
          d: eb.ref('a'),
          e: eb.ref('n') as never,
        }))
        .where('id', '=', 3)
        .execute();
      await kysely
        .updateTable('price')
        .set((eb) => ({ a: eb.ref('n') as never, b: eb.ref('e'), d: eb.ref('n') as never }))
        .where('id', '=', 1)
        .execute();
      const rows = await kysely
        .selectFrom('price')
        .select(['a', 'b', 'c', 'd', 'e'])
        .where('id', 'in', [1, 3])
        .orderBy('id')
        .execute();
      expect(rows).toStrictEqual([
        { a: '9.00', b: '9.50', c: '90071992547409.9301', d: '9.00', e: '9.5' },
        { a: '-0.05', b: '0.00', c: '-0.0500', d: '-0.05', e: '0' },
      ]);
      await expectRefusal(
        kysely
          .updateTable('price')
          .set((eb) => ({ a: eb.ref('c') }))
          .where('id', '=', 1)
          .execute(),
        'invalid_value',
      );
    });

    test('C2 rows of a query, of expressions and of a conflict are stored in the scale of their columns', async () => {
      const { kysely } = await opened();
      const sorted = kysely
        .selectFrom('price')
        .select(['id', 'a', 'a as b', 'b as c', 'a as d', 'a as e', 'n', 'f'])
        .orderBy('a')
        .limit(3);
      await kysely
        .insertInto('other')
        .columns(['id', 'c', 'a', 'b', 'd', 'e', 'n', 'f'])
        .expression(
          kysely.selectFrom(sorted.as('s')).select(['id', 'a', 'd as x', 'c as y', 'b as z', 'e', 'n', 'f']),
        )
        .execute();
      await kysely
        .insertInto('other')
        .columns(['id', 'd'])
        .expression(
          kysely
            .selectFrom('price')
            .select((eb) => [eb('id', '+', 10).as('id'), 'a'])
            .where('id', '=', 1)
            .unionAll(
              kysely
                .selectFrom('price')
                .select((eb) => [eb('id', '+', 10).as('id'), 'e as a'])
                .where('id', '=', 2),
            ),
        )
        .execute();
      await kysely
        .insertInto('other')
        .values((eb) => ({
          id: 21,
          a: eb.selectFrom('price').select('e').where('id', '=', 1),
          d: eb.selectFrom('price').select('a').where('id', '=', 2),
        }))
        .execute();
      await kysely
        .insertInto('other')
        .values({ id: 21, a: '7.5', d: '8' })
        .onConflict((on) =>
          on.column('id').doUpdateSet((eb) => ({ a: eb.ref('excluded.d'), d: sql`excluded.a` as never })),
        )
        .execute();
      const rows = await kysely
        .selectFrom('other')
        .select(['id', 'a', 'b', 'c', 'd', 'e'])
        .orderBy('id')
        .execute();
      expect(rows).toStrictEqual([
        { id: 1, a: '9.50', b: '9.50', c: '9.5000', d: '9.50', e: '9.50' },
        { id: 2, a: '10.00', b: '-0.05', c: '10.0000', d: '10.00', e: '10.00' },
        { id: 3, a: '-0.05', b: '10.00', c: '-0.0500', d: '-0.05', e: '-0.05' },
        { id: 11, a: null, b: null, c: null, d: '9.50', e: null },
        { id: 12, a: null, b: null, c: null, d: '10.00', e: null },
        { id: 21, a: '8.00', b: null, c: null, d: '7.50', e: null },
      ]);
    });

    test('C2 a numeric is incremented by a number of any scale', async () => {
      const prices = (await opened()).repository('price', { key: 'id' });
      const changed = await prices.update(1, {
        a: increment('0.5'),
        c: increment('0.0001'),
        d: increment('0.005'),
      });
      expect(changed).toMatchObject({ a: '10.00', c: '90071992547409.9302', d: '9.51' });
      expect(await prices.update(1, { a: increment('-0.005') })).toMatchObject({ a: '10.00' });
      expect(await prices.update(3, { a: increment('-0.005') })).toMatchObject({ a: '-0.06' });
      await expectRefusal(prices.update(1, { a: increment('99999999.99') }), 'invalid_value');
    });

    test('C2 a view and a default keep the value of a numeric', async () => {
      const { kysely } = await opened();
      await kysely.schema
        .createView('total')
        .as(
          kysely
            .selectFrom('price')
            .select((eb) => ['id', 'a', eb.fn.coalesce('a', 'b').as('any'), eb.fn.max('a').as('top')])
            .groupBy(['id', 'a', 'b']),
        )
        .execute();
      const views = kysely as unknown as Kysely<{
        total: { id: number; a: string; any: string; top: string };
      }>;
      expect(
        await views.selectFrom('total').select(['a', 'any', 'top']).where('id', '=', 1).execute(),
      ).toStrictEqual([{ a: '9.50', any: '9.50', top: '9.50' }]);
      await kysely.schema
        .createTable('plain')
        .addColumn('id', 'integer')
        .addColumn('a', 'numeric(10, 2)', (column) => column.defaultTo('1.5'))
        .addColumn('b', 'numeric(10, 2)', (column) => column.defaultTo(2))
        .addColumn('c', 'numeric(10, 2)', (column) => column.defaultTo(sql`-3`))
        .execute();
      const plain = kysely as unknown as Kysely<{
        plain: { id: number; a?: string; b?: string; c?: string };
      }>;
      await plain.insertInto('plain').values({ id: 1 }).execute();
      expect(await plain.selectFrom('plain').selectAll().execute()).toStrictEqual([
        { id: 1, a: '1.50', b: '2.00', c: '-3.00' },
      ]);
    });
  });
}

async function create({ schema }: Db): Promise<void> {
  for (const table of ['price', 'other'])
    await schema
      .createTable(table)
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('a', 'numeric(10, 2)')
      .addColumn('b', 'numeric(12, 2)')
      .addColumn('c', 'numeric(18, 4)')
      .addColumn('d', 'numeric(20, 2)')
      .addColumn('e', 'numeric')
      .addColumn('n', 'integer')
      .addColumn('f', 'double precision')
      .execute();
}
