import { type Catalogue, query, refusal } from './catalogue-query.js';

/** Search in JSON, and lists. */
export const DOCUMENTS: Catalogue = [
  query(
    'a member of JSON as text',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['id', eb.ref('settings', '->>').key('theme').as('theme')])
        .orderBy('id'),
    [
      { id: 1, theme: 'dark' },
      { id: 2, theme: 'light' },
      { id: 3, theme: null },
      { id: 4, theme: 'dark' },
      { id: 5, theme: null },
      { id: 6, theme: null },
    ],
  ),
  query(
    'a member of JSON as JSON',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['id', eb.ref('settings', '->').key('mail').as('mail')])
        .where('settings', 'is not', null)
        .orderBy('id'),
    [
      { id: 1, mail: { weekly: true } },
      { id: 2, mail: null },
      { id: 4, mail: { weekly: false } },
      { id: 5, mail: null },
      { id: 6, mail: null },
    ],
  ),
  query(
    'a member of a member',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['id', eb.ref('settings', '->>').key('mail').key('weekly').as('weekly')])
        .where('id', 'in', [1, 2, 4])
        .orderBy('id'),
    [
      { id: 1, weekly: 'true' },
      { id: 2, weekly: null },
      { id: 4, weekly: 'false' },
    ],
  ),
  query(
    'an item of an array in JSON',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          eb.ref('settings', '->>').key('labels').at(0).as('first'),
          eb.ref('settings', '->').key('labels').as('labels'),
        ])
        .where('id', 'in', [1, 4])
        .orderBy('id'),
    [
      { first: 'vip', labels: ['vip', 'beta'] },
      { first: null, labels: [] },
    ],
  ),
  query(
    'rows by a member of JSON',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .where((eb) => eb.ref('settings', '->>').key('theme'), '=', 'dark')
        .orderBy('id'),
    [{ id: 1 }, { id: 4 }],
  ),
  query(
    'rows without a member of JSON',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .where((eb) => eb.ref('settings', '->').key('theme'), 'is', null)
        .orderBy('id'),
    [{ id: 3 }, { id: 5 }],
  ),
  query(
    'a number in JSON, compared as a number',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .where((eb) => eb(eb.cast<number>(eb.ref('settings', '->>').key('limit'), 'integer'), '>', 9))
        .orderBy((eb) => eb.cast<number>(eb.ref('settings', '->>').key('limit'), 'integer'), 'desc'),
    [{ id: 4 }, { id: 1 }],
  ),
  query(
    'a number in JSON as a numeric',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => eb.cast<string>(eb.ref('payload', '->>').key('ms'), 'numeric').as('ms'))
        .where('id', '=', 4n),
    [{ ms: '9.5' }],
  ),
  query(
    'a number in JSON as a double',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => eb.cast<number>(eb.ref('payload', '->>').key('ms'), 'double precision').as('ms'))
        .where('id', '=', 4n),
    [{ ms: 9.5 }],
  ),
  query(
    'groups by a member of JSON',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb.ref('attributes', '->>').key('cover').as('cover'),
          eb.fn.countAll<number>().as('products'),
        ])
        .groupBy('cover')
        .orderBy('products')
        .orderBy('cover'),
    [
      { cover: 'hard', products: 1 },
      { cover: 'soft', products: 2 },
      { cover: null, products: 4 },
    ],
  ),
  query(
    'equal JSON, whatever the order of its keys',
    (db) => db.selectFrom('product').select('id').where('attributes', '=', { cover: 'soft', pages: 48 }),
    [{ id: 2 }],
  ),
  query(
    'a whole document',
    (db) => db.selectFrom('event').select(['id', 'payload']).where('kind', '=', 'order'),
    [{ id: 9007199254740993n, payload: { items: [{ n: 2, id: 7 }], purchase: 4 } }],
  ),
  query(
    'a deep path',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => eb.ref('payload', '->').key('items').at(0).as('item'))
        .where('kind', '=', 'order'),
    [{ item: { n: 2, id: 7 } }],
  ),
  query(
    'a deep path as text',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => eb.ref('payload', '->>').key('items').at(0).key('n').as('n'))
        .where('kind', '=', 'order'),
    [{ n: '2' }],
  ),
  query(
    'words in a list that is empty',
    (db) => db.selectFrom('tag').select('id').where('label', 'in', []),
    [],
  ),
  query(
    'words not in a list that is empty',
    (db) => db.selectFrom('tag').select('id').where('label', 'not in', []).orderBy('id'),
    [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }],
  ),
  refusal(
    'an order of JSON',
    (db) => db.selectFrom('account').select('id').orderBy('settings'),
    'untyped_expression',
  ),
  query(
    'an order by a member of JSON as text',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .orderBy((eb) => eb.ref('settings', '->>').key('theme'))
        .orderBy('id'),
    [{ id: 1 }, { id: 4 }, { id: 2 }, { id: 3 }, { id: 5 }, { id: 6 }],
  ),
  refusal(
    'a text that is no number, cast to one',
    (db) => db.selectFrom('tag').select((eb) => eb.cast<number>('label', 'integer').as('number')),
    'invalid_value',
  ),
  query(
    'texts that are numbers, cast to each kind',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [
          eb.cast<number>(eb.cast<string>('raw', 'text'), 'double precision').as('double'),
          eb.cast<string>(eb.fn('concat', [eb.val(' '), 'raw']), 'numeric(6, 1)').as('numeric'),
        ])
        .where('sensor', '=', 'roof')
        .orderBy('at'),
    [
      { double: -2.5, numeric: '-2.5' },
      { double: 1.25, numeric: '1.3' },
      { double: 3, numeric: '3.0' },
    ],
  ),
];
