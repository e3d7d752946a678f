import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Messages and feeds, page by page. */
export const FEEDS: Catalogue = [
  query(
    'the newest messages',
    (db) =>
      db
        .selectFrom('message')
        .select(['id', 'sentAt'])
        .orderBy('sentAt', 'desc')
        .orderBy('id', 'desc')
        .limit(3),
    [
      { id: 6, sentAt: at('03-02 00:00') },
      { id: 5, sentAt: at('03-01 10:00') },
      { id: 4, sentAt: at('03-01 09:10') },
    ],
  ),
  query(
    'the second page by offset',
    (db) => db.selectFrom('message').select('id').orderBy('id').limit(2).offset(2),
    [{ id: 3 }, { id: 4 }],
  ),
  query('an offset without a limit', (db) => db.selectFrom('message').select('id').orderBy('id').offset(4), [
    { id: 5 },
    { id: 6 },
  ]),
  query(
    'the page after a key of two columns',
    (db) =>
      db
        .selectFrom('message')
        .select(['id', 'sentAt'])
        .where(({ eb, refTuple, tuple }) => eb(refTuple('sentAt', 'id'), '<', tuple(at('03-01 10:00'), 5)))
        .orderBy('sentAt', 'desc')
        .orderBy('id', 'desc')
        .limit(2),
    [
      { id: 4, sentAt: at('03-01 09:10') },
      { id: 3, sentAt: at('03-01 09:10') },
    ],
  ),
  query(
    'the page after a price and an id',
    (db) =>
      db
        .selectFrom('product')
        .select(['id', 'price'])
        .where(({ eb, refTuple, tuple }) => eb(refTuple('price', 'id'), '>', tuple('24.5', 3)))
        .orderBy('price')
        .orderBy('id')
        .limit(3),
    [
      { id: 4, price: '29.00' },
      { id: 1, price: '39.90' },
      { id: 7, price: '60.00' },
    ],
  ),
  query(
    'the page after a key, written out',
    (db) =>
      db
        .selectFrom('message')
        .select('id')
        .where((eb) =>
          eb.or([
            eb('sentAt', '>', at('03-01 09:10')),
            eb.and([eb('sentAt', '=', at('03-01 09:10')), eb('id', '>', 3)]),
          ]),
        )
        .orderBy('sentAt')
        .orderBy('id'),
    [{ id: 4 }, { id: 5 }, { id: 6 }],
  ),
  query(
    'the page and the number of all',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => ['id', eb.fn.countAll<number>().over().as('all')])
        .where('room', '=', 'general')
        .orderBy('id')
        .limit(2),
    [
      { id: 1, all: 4 },
      { id: 2, all: 4 },
    ],
  ),
  query(
    'rooms with their last message',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => ['room', eb.fn.max('sentAt').as('last'), eb.fn.countAll<number>().as('messages')])
        .groupBy('room')
        .orderBy('last', 'desc'),
    [
      { room: 'random', last: at('03-02 00:00'), messages: 2 },
      { room: 'general', last: at('03-01 10:00'), messages: 4 },
    ],
  ),
  query(
    'the last message of each room, whole',
    (db) =>
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('message')
            .selectAll()
            .select((e) =>
              e.fn
                .agg<number>('row_number')
                .over((over) => over.partitionBy('room').orderBy('sentAt', 'desc').orderBy('id', 'desc'))
                .as('nth'),
            )
            .as('m'),
        )
        .selectAll('m')
        .where('m.nth', '=', 1)
        .orderBy('m.room'),
    [
      {
        id: 5,
        room: 'general',
        authorId: 4,
        body: 'Thanks!',
        sentAt: at('03-01 10:00'),
        replyToId: 2,
        readAt: at('03-01 10:30'),
        nth: 1,
      },
      {
        id: 6,
        room: 'random',
        authorId: 2,
        body: '',
        sentAt: at('03-02 00:00'),
        replyToId: 4,
        readAt: null,
        nth: 1,
      },
    ],
  ),
  query(
    'unread messages by room',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => ['room', eb.fn.countAll<number>().as('unread')])
        .where('readAt', 'is', null)
        .groupBy('room')
        .orderBy('unread', 'desc')
        .orderBy('room'),
    [
      { room: 'general', unread: 2 },
      { room: 'random', unread: 2 },
    ],
  ),
  query(
    'answers with what they answer',
    (db) =>
      db
        .selectFrom('message as m')
        .innerJoin('message as parent', 'parent.id', 'm.replyToId')
        .innerJoin('account', 'account.id', 'm.authorId')
        .select(['account.name as author', 'm.body', 'parent.body as to', 'parent.readAt'])
        .orderBy('m.id'),
    [
      { author: 'Bob', body: 'hello Ada', to: 'Hello', readAt: at('03-01 09:01') },
      { author: 'Dan', body: 'Thanks!', to: 'hello Ada', readAt: null },
      { author: 'Bob', body: '', to: 'Grüße 🌊', readAt: null },
    ],
  ),
  query(
    'messages with the number of their answers',
    (db) =>
      db
        .selectFrom('message as m')
        .leftJoin('message as reply', 'reply.replyToId', 'm.id')
        .select((eb) => [
          'm.id',
          eb.fn.count<number>('reply.id').as('replies'),
          eb.fn.max('reply.sentAt').as('lastReply'),
        ])
        .groupBy('m.id')
        .orderBy('replies', 'desc')
        .orderBy('m.id'),
    [
      { id: 1, replies: 1, lastReply: at('03-01 09:02') },
      { id: 2, replies: 1, lastReply: at('03-01 10:00') },
      { id: 4, replies: 1, lastReply: at('03-02 00:00') },
      { id: 3, replies: 0, lastReply: null },
      { id: 5, replies: 0, lastReply: null },
      { id: 6, replies: 0, lastReply: null },
    ],
  ),
  query(
    'a thread from its first message',
    (db) =>
      db
        .withRecursive('thread(id, body, depth)', (cte) =>
          cte
            .selectFrom('message')
            .select((eb) => ['id', 'body', eb.lit(0).as('depth')])
            .where('id', '=', 1)
            .unionAll(
              cte
                .selectFrom('message')
                .innerJoin('thread', 'thread.id', 'message.replyToId')
                .select((eb) => ['message.id', 'message.body', eb('thread.depth', '+', 1).as('depth')]),
            ),
        )
        .selectFrom('thread')
        .selectAll()
        .orderBy('depth'),
    [
      { id: 1, body: 'Hello', depth: 0 },
      { id: 2, body: 'hello Ada', depth: 1 },
      { id: 5, body: 'Thanks!', depth: 2 },
    ],
  ),
];
