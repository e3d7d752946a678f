import { addMs, ago, now } from '@sluice/core';
import { type Catalogue, change, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Jobs: what is due, claimed, retried and given up. */
export const QUEUES: Catalogue = [
  query(
    'the next job',
    (db) =>
      db
        .selectFrom('job')
        .select(['id', 'payload'])
        .where('startedAt', 'is', null)
        .where('runAt', '<=', at('03-01 11:00'))
        .where('attempts', '<', 5)
        .orderBy('priority')
        .orderBy('runAt')
        .limit(1),
    [{ id: 2, payload: { to: 'bob', template: 'invoice' } }],
  ),
  query(
    'the depth of each queue',
    (db) =>
      db
        .selectFrom('job')
        .select((eb) => [
          'queue',
          eb.fn.countAll<number>().as('jobs'),
          eb.fn.min('runAt').as('oldest'),
          eb.fn.sum<string>('attempts').as('attempts'),
        ])
        .groupBy('queue')
        .orderBy('queue'),
    [
      { queue: 'image', jobs: 2, oldest: at('02-28 00:00'), attempts: '5' },
      { queue: 'mail', jobs: 3, oldest: at('03-01 10:00'), attempts: '3' },
    ],
  ),
  query(
    'jobs that are due now',
    (db) =>
      db
        .selectFrom('job')
        .select((eb) => eb.fn.countAll<number>().as('due'))
        .where('runAt', '<=', now()),
    [{ due: 5 }],
  ),
  query(
    'jobs that run too long',
    (db) =>
      db
        .selectFrom('job')
        .select('id')
        .where('startedAt', '<', ago({ minutes: 5 })),
    [{ id: 3 }],
  ),
  query(
    'jobs by state',
    (db) =>
      db
        .selectFrom('job')
        .select((eb) => [
          eb
            .case()
            .when('attempts', '>=', 5)
            .then('dead')
            .when('startedAt', 'is not', null)
            .then('running')
            .else('waiting')
            .end()
            .as('state'),
          eb.fn.countAll<number>().as('jobs'),
        ])
        .groupBy('state')
        .orderBy('jobs', 'desc')
        .orderBy('state'),
    [
      { state: 'waiting', jobs: 3 },
      { state: 'dead', jobs: 1 },
      { state: 'running', jobs: 1 },
    ],
  ),
  query(
    'jobs of a template',
    (db) =>
      db
        .selectFrom('job')
        .select('id')
        .where((eb) => eb.ref('payload', '->>').key('template'), '=', 'invoice')
        .orderBy('id'),
    [{ id: 2 }, { id: 3 }],
  ),
  query(
    'errors counted',
    (db) =>
      db
        .selectFrom('job')
        .select((eb) => [
          eb.fn.coalesce('lastError', eb.val('none')).as('error'),
          eb.fn.countAll<number>().as('jobs'),
        ])
        .groupBy('lastError')
        .orderBy('error'),
    [
      { error: 'no memory', jobs: 1 },
      { error: 'none', jobs: 3 },
      { error: 'timeout', jobs: 1 },
    ],
  ),
  query(
    'a document of json as it was written',
    (db) => db.selectFrom('job').select('payload').where('id', '=', 4),
    [{ payload: { sizes: [64, 256] } }],
  ),
  query(
    'when a job is tried again',
    (db) =>
      db
        .selectFrom('job')
        .select((eb) => ['id', addMs(eb.ref('runAt'), eb('attempts', '*', 60_000)).as('next')])
        .orderBy('next')
        .limit(2),
    [
      { id: 5, next: at('02-28 00:05') },
      { id: 1, next: at('03-01 10:00') },
    ],
  ),
  change(
    'a job is claimed with a sub-select',
    (db) =>
      db
        .updateTable('job')
        .set((eb) => ({ startedAt: at('03-01 11:00'), attempts: eb('attempts', '+', 1) }))
        .where('id', '=', (eb) =>
          eb
            .selectFrom('job')
            .select('id')
            .where('queue', '=', 'mail')
            .where('startedAt', 'is', null)
            .orderBy('priority')
            .orderBy('runAt')
            .limit(1),
        )
        .returning(['id', 'attempts', 'startedAt']),
    [{ id: 2, attempts: 3, startedAt: at('03-01 11:00') }],
    query(
      'the claimed',
      (db) => db.selectFrom('job').select('id').where('startedAt', '=', at('03-01 11:00')),
      [{ id: 2 }],
    ),
  ),
  change(
    'a job is claimed with a lock that others skip',
    (db) =>
      db
        .updateTable('job')
        .set({ startedAt: at('03-01 11:00') })
        .where('id', 'in', (eb) =>
          eb
            .selectFrom('job')
            .select('id')
            .where('startedAt', 'is', null)
            .orderBy('runAt')
            .limit(2)
            .forUpdate()
            .skipLocked(),
        )
        .returning('id'),
    [{ id: 1 }, { id: 5 }],
  ),
  change(
    'a claimed job is given back',
    (db) =>
      db
        .updateTable('job')
        .set({ startedAt: null, lastError: 'worker lost' })
        .where('startedAt', '<', at('03-01 10:20'))
        .returning(['id', 'startedAt', 'lastError']),
    [{ id: 3, startedAt: null, lastError: 'worker lost' }],
  ),
  change(
    'a retry is put off by its attempts',
    (db) =>
      db
        .updateTable('job')
        .set((eb) => ({ runAt: addMs(eb.ref('runAt'), eb('attempts', '*', 1_000)) }))
        .where('attempts', '>', 0)
        .where('queue', '=', 'mail')
        .returning(['id', 'runAt']),
    [
      { id: 2, runAt: at('03-01 10:30:02') },
      { id: 3, runAt: at('03-01 10:10:01') },
    ],
  ),
  change(
    'dead jobs are removed',
    (db) => db.deleteFrom('job').where('attempts', '>=', 5).returning(['id', 'payload', 'priority']),
    [{ id: 5, payload: { sizes: [] }, priority: 3 }],
    query('the rest', (db) => db.selectFrom('job').select((eb) => eb.fn.countAll<number>().as('jobs')), [
      { jobs: 4 },
    ]),
  ),
  change(
    'old jobs are removed, some at a time',
    (db) =>
      db
        .deleteFrom('job')
        .where('id', 'in', (eb) =>
          eb.selectFrom('job').select('id').where('runAt', '<', at('03-01 10:20')).orderBy('runAt').limit(1),
        )
        .returning('id'),
    [{ id: 5 }],
  ),
  change(
    'jobs are enqueued from a query',
    (db) =>
      db
        .insertInto('job')
        .columns(['id', 'queue', 'priority', 'runAt', 'payload'])
        .expression((eb) =>
          eb
            .selectFrom('job')
            .select((e) => [
              e('id', '+', 100).as('id'),
              e.val('retry').as('queue'),
              'priority',
              'runAt',
              'payload',
            ])
            .where('lastError', 'is not', null),
        )
        .returning(['id', 'queue', 'runAt', 'attempts', 'payload']),
    [
      {
        id: 102,
        queue: 'retry',
        runAt: at('03-01 10:30'),
        attempts: 0,
        payload: { to: 'bob', template: 'invoice' },
      },
      { id: 105, queue: 'retry', runAt: at('02-28 00:00'), attempts: 0, payload: { sizes: [] } },
    ],
  ),
  change(
    'a job is enqueued unless it is there',
    (db) =>
      db
        .insertInto('job')
        .values({ id: 1, queue: 'mail', priority: 1, runAt: at('03-01 12:00'), payload: { to: 'x' } })
        .onConflict((oc) => oc.column('id').doNothing())
        .returning('id'),
    [],
  ),
  change(
    'a job is enqueued, or brought forward',
    (db) =>
      db
        .insertInto('job')
        .values({ id: 4, queue: 'image', priority: 1, runAt: at('03-01 12:00'), payload: { sizes: [1] } })
        .onConflict((oc) =>
          oc.column('id').doUpdateSet((eb) => ({
            runAt: eb.fn('least', ['job.runAt', 'excluded.runAt']),
            priority: eb.ref('excluded.priority'),
          })),
        )
        .returning(['id', 'priority', 'runAt', 'payload']),
    [{ id: 4, priority: 1, runAt: at('03-01 12:00'), payload: { sizes: [64, 256] } }],
  ),
];
