import { ago, now } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Signing in, sessions and permissions. */
export const ACCOUNTS: Catalogue = [
  query(
    'the account of an e-mail address in any case',
    (db) =>
      db
        .selectFrom('account')
        .select(['id', 'role', 'isActive'])
        .where((eb) => eb.fn<string>('lower', ['email']), '=', 'Ada@Example.com'.toLowerCase()),
    [{ id: 1, role: 'admin', isActive: true }],
  ),
  query(
    'the account of a token that holds now',
    (db) =>
      db
        .selectFrom('session')
        .innerJoin('account', 'account.id', 'session.accountId')
        .select(['account.name', 'session.expiresAt'])
        .where('session.expiresAt', '>', now())
        .where('account.isActive', '=', true),
    [{ name: 'Dan', expiresAt: new Date('2999-01-01T00:00:00.000Z') }],
  ),
  query(
    'the sessions that have run out, by current_timestamp',
    (db) =>
      db
        .selectFrom('session')
        .select('device')
        .where('expiresAt', '<', sql<Date>`current_timestamp`)
        .orderBy('createdAt'),
    [{ device: 'laptop' }, { device: 'phone' }, { device: null }],
  ),
  query(
    'the sessions older than thirty days',
    (db) =>
      db
        .selectFrom('session')
        .select((eb) => eb.fn.countAll<number>().as('old'))
        .where('createdAt', '<', ago({ days: 30 })),
    [{ old: 4 }],
  ),
  query(
    'who has a session at a given time',
    (db) =>
      db
        .selectFrom('session')
        .select(['accountId', 'device'])
        .where('createdAt', '<=', at('03-01 12:00'))
        .where('expiresAt', '>', at('03-01 12:00'))
        .orderBy('accountId'),
    [
      { accountId: 1, device: 'phone' },
      { accountId: 2, device: null },
      { accountId: 4, device: 'phone' },
    ],
  ),
  query(
    'a row by its uuid in upper case',
    (db) =>
      db
        .selectFrom('session')
        .select(['token', 'accountId'])
        .where('token', '=', '33333333-0000-4000-8000-000000000000'.toUpperCase()),
    [{ token: '33333333-0000-4000-8000-000000000000', accountId: 2 }],
  ),
  query(
    'several uuids',
    (db) =>
      db
        .selectFrom('session')
        .select('accountId')
        .where('token', 'in', [
          '11111111-0000-4000-8000-000000000000',
          '44444444-0000-4000-8000-000000000000',
        ])
        .orderBy('token', 'desc'),
    [{ accountId: 4 }, { accountId: 1 }],
  ),
  query(
    'the last session of each account',
    (db) =>
      db
        .selectFrom('session')
        .select((eb) => ['accountId', eb.fn.max('createdAt').as('last')])
        .groupBy('accountId')
        .orderBy('last', 'desc'),
    [
      { accountId: 4, last: at('03-01 12:00') },
      { accountId: 2, last: at('03-01 11:30') },
      { accountId: 1, last: at('03-01 10:00') },
    ],
  ),
  query(
    'accounts that never signed in',
    (db) =>
      db
        .selectFrom('account')
        .leftJoin('session', 'session.accountId', 'account.id')
        .select(['account.id', 'session.token', 'session.expiresAt'])
        .where('session.token', 'is', null)
        .orderBy('account.id'),
    [
      { id: 3, token: null, expiresAt: null },
      { id: 5, token: null, expiresAt: null },
      { id: 6, token: null, expiresAt: null },
    ],
  ),
  query(
    'accounts without a session, by NOT EXISTS',
    (db) =>
      db
        .selectFrom('account')
        .select('name')
        .where(({ exists, not, selectFrom, lit }) =>
          not(
            exists(
              selectFrom('session').select(lit(1).as('one')).whereRef('session.accountId', '=', 'account.id'),
            ),
          ),
        )
        .orderBy('name'),
    [{ name: 'Cleo' }, { name: 'eve_100%' }, { name: 'émile' }],
  ),
  query(
    'whether an account may write',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb
            .exists(
              eb
                .selectFrom('grant')
                .select('grant.project')
                .whereRef('grant.accountId', '=', 'account.id')
                .where('grant.permission', '=', 'write'),
            )
            .as('mayWrite'),
        ])
        .orderBy('id'),
    [
      { id: 1, mayWrite: true },
      { id: 2, mayWrite: false },
      { id: 3, mayWrite: false },
      { id: 4, mayWrite: true },
      { id: 5, mayWrite: false },
      { id: 6, mayWrite: false },
    ],
  ),
  query(
    'who may read the blog or is an admin',
    (db) =>
      db
        .selectFrom('account')
        .select('name')
        .where((eb) =>
          eb.or([
            eb('role', '=', 'admin'),
            eb(
              'id',
              'in',
              eb
                .selectFrom('grant')
                .select('accountId')
                .where('project', '=', 'blog')
                .where('permission', '=', 'read'),
            ),
          ]),
        )
        .orderBy('name'),
    [{ name: 'Ada' }, { name: 'Bob' }],
  ),
  query(
    'permissions of an account as one text',
    (db) =>
      db
        .selectFrom('grant')
        .select((eb) => [
          'accountId',
          eb.fn
            .agg<string>('string_agg', ['permission', sql.lit(',')])
            .orderBy('permission')
            .as('permissions'),
        ])
        .where('project', '=', 'blog')
        .groupBy('accountId')
        .orderBy('accountId'),
    [
      { accountId: 1, permissions: 'read,write' },
      { accountId: 2, permissions: 'read' },
    ],
  ),
  query(
    'accounts with every permission of a project',
    (db) =>
      db
        .selectFrom('grant')
        .select('accountId')
        .where('project', '=', 'blog')
        .where('permission', 'in', ['read', 'write'])
        .groupBy('accountId')
        .having((eb) => eb.fn.count('permission').distinct(), '=', 2),
    [{ accountId: 1 }],
  ),
  query(
    'pairs of project and permission',
    (db) =>
      db
        .selectFrom('grant')
        .select('accountId')
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('project', 'permission'), 'in', [tuple('shop', 'read'), tuple('blog', 'write')]),
        )
        .orderBy('accountId')
        .orderBy('project'),
    [{ accountId: 1 }, { accountId: 1 }],
  ),
  query(
    'a matrix of permissions',
    (db) =>
      db
        .selectFrom('grant')
        .select((eb) => [
          'project',
          eb.fn.countAll<number>().filterWhere('permission', '=', 'read').as('readers'),
          eb.fn.countAll<number>().filterWhere('permission', '=', 'write').as('writers'),
        ])
        .groupBy('project')
        .orderBy('project'),
    [
      { project: 'blog', readers: 2, writers: 1 },
      { project: 'shop', readers: 1, writers: 1 },
    ],
  ),
];
