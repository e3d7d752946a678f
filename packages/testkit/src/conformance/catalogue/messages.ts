import { bucket } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Messages, told apart and put together. */
export const MESSAGES: Catalogue = [
  query(
    'who writes where',
    (db) =>
      db.selectFrom('message').select(['room', 'authorId']).distinct().orderBy('room').orderBy('authorId'),
    [
      { room: 'general', authorId: 1 },
      { room: 'general', authorId: 2 },
      { room: 'general', authorId: 4 },
      { room: 'random', authorId: 2 },
      { room: 'random', authorId: 4 },
    ],
  ),
  query(
    'different times, each once',
    (db) => db.selectFrom('message').select('sentAt').distinct().orderBy('sentAt', 'desc').limit(3),
    [{ sentAt: at('03-02 00:00') }, { sentAt: at('03-01 10:00') }, { sentAt: at('03-01 09:10') }],
  ),
  query(
    'messages of the same minute as another',
    (db) =>
      db
        .selectFrom('message as a')
        .innerJoin('message as b', (join) =>
          join.onRef('a.id', '<', 'b.id').onRef('a.sentAt', '=', 'b.sentAt'),
        )
        .select(['a.id as one', 'b.id as other']),
    [{ one: 3, other: 4 }],
  ),
  query(
    'messages by hour and room',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => [
          bucket('hour', eb.ref('sentAt')).as('hour'),
          'room',
          eb.fn.countAll<number>().as('messages'),
        ])
        .groupBy(['hour', 'room'])
        .orderBy('hour')
        .orderBy('room'),
    [
      { hour: at('03-01 09:00'), room: 'general', messages: 3 },
      { hour: at('03-01 09:00'), room: 'random', messages: 1 },
      { hour: at('03-01 10:00'), room: 'general', messages: 1 },
      { hour: at('03-02 00:00'), room: 'random', messages: 1 },
    ],
  ),
  query(
    'a preview',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => eb.fn<string>('substr', ['body', eb.lit(1), eb.lit(5)]).as('preview'))
        .orderBy('id'),
    [
      { preview: 'Hello' },
      { preview: 'hello' },
      { preview: '50% o' },
      { preview: 'Grüße' },
      { preview: 'Thank' },
      { preview: '' },
    ],
  ),
  query('empty messages', (db) => db.selectFrom('message').select('id').where('body', '=', ''), [{ id: 6 }]),
  query(
    'a feed of two kinds',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => [eb.val('message').as('kind'), 'sentAt as at', 'body as text'])
        .where('authorId', '=', 1)
        .unionAll(
          db
            .selectFrom('purchase')
            .select((eb) => [eb.val('purchase').as('kind'), 'placedAt as at', 'status as text'])
            .where('accountId', '=', 1),
        )
        .orderBy('at', 'desc')
        .limit(4),
    [
      { kind: 'message', at: at('03-01 09:10'), text: '50% off_today' },
      { kind: 'message', at: at('03-01 09:00'), text: 'Hello' },
      { kind: 'purchase', at: at('03-01 07:00'), text: 'open' },
      { kind: 'purchase', at: at('02-01 00:00'), text: 'paid' },
    ],
  ),
  query(
    'a feed with a NULL in the place of a time',
    (db) =>
      db
        .selectFrom('message')
        .select(['id', 'readAt as at', sql<string | null>`null`.as('price')])
        .where('id', '<', 3)
        .union(
          db
            .selectFrom('product')
            .select(['id', sql<Date | null>`null`.as('at'), 'price'])
            .where('id', '=', 7),
        )
        .orderBy('id'),
    [
      { id: 1, at: at('03-01 09:01'), price: null },
      { id: 2, at: null, price: null },
      { id: 7, at: null, price: '60.00' },
    ],
  ),
  query(
    'the direction of each message',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => ['id', eb.case().when('authorId', '=', 1).then(true).else(false).end().as('isMine')])
        .orderBy('id'),
    [
      { id: 1, isMine: true },
      { id: 2, isMine: false },
      { id: 3, isMine: true },
      { id: 4, isMine: false },
      { id: 5, isMine: false },
      { id: 6, isMine: false },
    ],
  ),
  query(
    'read or not, unread first',
    (db) =>
      db
        .selectFrom('message')
        .select('id')
        .orderBy('readAt', (by) => by.asc().nullsFirst())
        .orderBy('id'),
    [{ id: 2 }, { id: 3 }, { id: 4 }, { id: 6 }, { id: 1 }, { id: 5 }],
  ),
  query(
    'read or not, as the engine has NULL',
    (db) => db.selectFrom('message').select('id').orderBy('readAt', 'asc').orderBy('id').limit(3),
    [{ id: 1 }, { id: 5 }, { id: 2 }],
  ),
  query(
    'sorted by whether it is read',
    (db) =>
      db
        .selectFrom('message')
        .select('id')
        .orderBy((eb) => eb('readAt', 'is', null), 'desc')
        .orderBy('id'),
    [{ id: 2 }, { id: 3 }, { id: 4 }, { id: 6 }, { id: 1 }, { id: 5 }],
  ),
  query(
    'a certain order of kinds',
    (db) =>
      db
        .selectFrom('purchase')
        .select(['id', 'status'])
        .orderBy((eb) =>
          eb.case('status').when('open').then(1).when('paid').then(2).when('shipped').then(3).else(4).end(),
        )
        .orderBy('id'),
    [
      { id: 5, status: 'open' },
      { id: 3, status: 'paid' },
      { id: 4, status: 'paid' },
      { id: 1, status: 'shipped' },
      { id: 2, status: 'shipped' },
      { id: 6, status: 'cancelled' },
    ],
  ),
  query(
    'sorted by the place of a column',
    (db) => db.selectFrom('product').select(['price', 'name']).orderBy(sql`1`, 'desc').limit(2),
    [
      { price: '100.00', name: 'Fables' },
      { price: '60.00', name: 'Go' },
    ],
  ),
  query(
    'times that are not equal',
    (db) =>
      db
        .selectFrom('message')
        .select('id')
        .where('readAt', 'is distinct from', at('03-01 09:01'))
        .orderBy('id'),
    [{ id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }, { id: 6 }],
  ),
  query(
    'times of a list',
    (db) =>
      db
        .selectFrom('message')
        .select('id')
        .where('sentAt', 'in', [at('03-01 09:10'), at('03-02 00:00')])
        .orderBy('id'),
    [{ id: 3 }, { id: 4 }, { id: 6 }],
  ),
];
