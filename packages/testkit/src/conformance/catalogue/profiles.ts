import { typed } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query, refusal } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Accounts by what is known of them. */
export const PROFILES: Catalogue = [
  query(
    'active accounts, a boolean as a condition',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .where((eb) => eb.ref('isActive'))
        .orderBy('id'),
    [{ id: 1 }, { id: 2 }, { id: 4 }, { id: 5 }],
  ),
  query(
    'inactive accounts, a negated boolean',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .where((eb) => eb.not(eb.ref('isActive')))
        .orderBy('id'),
    [{ id: 3 }, { id: 6 }],
  ),
  query(
    'booleans sorted and counted',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['isActive', eb.fn.countAll<number>().as('accounts')])
        .groupBy('isActive')
        .orderBy('isActive', 'desc'),
    [
      { isActive: true, accounts: 4 },
      { isActive: false, accounts: 2 },
    ],
  ),
  query(
    'a condition as a column',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb('balance', '>', '10').as('isRich'),
          eb('createdAt', '>=', at('03-01 00:00')).as('isNew'),
          eb.and([eb('role', '=', 'member'), eb.ref('isActive')]).as('isMember'),
        ])
        .orderBy('id'),
    [
      { id: 1, isRich: true, isNew: false, isMember: false },
      { id: 2, isRich: false, isNew: false, isMember: true },
      { id: 3, isRich: false, isNew: false, isMember: false },
      { id: 4, isRich: true, isNew: false, isMember: true },
      { id: 5, isRich: null, isNew: true, isMember: false },
      { id: 6, isRich: false, isNew: true, isMember: false },
    ],
  ),
  query(
    'who referred whom',
    (db) =>
      db
        .selectFrom('account as guest')
        .leftJoin('account as host', 'host.id', 'guest.referrerId')
        .select(['guest.name as guest', 'host.name as host', 'host.balance', 'host.isActive', 'host.points'])
        .orderBy('guest.id'),
    [
      { guest: 'Ada', host: null, balance: null, isActive: null, points: null },
      { guest: 'Bob', host: 'Ada', balance: '120.50', isActive: true, points: 9007199254740993n },
      { guest: 'Cleo', host: 'Ada', balance: '120.50', isActive: true, points: 9007199254740993n },
      { guest: 'Dan', host: 'Bob', balance: '9.90', isActive: true, points: 10n },
      { guest: 'émile', host: null, balance: null, isActive: null, points: null },
      { guest: 'eve_100%', host: 'Dan', balance: '1000.00', isActive: true, points: 500n },
    ],
  ),
  query(
    'all columns of both sides of a left join keep the later NULL',
    (db) =>
      db
        .selectFrom('session')
        .leftJoin('account', (join) =>
          join.onRef('account.id', '=', 'session.accountId').on('account.role', '=', 'admin'),
        )
        .select(['session.accountId', 'account.id', 'account.createdAt', 'session.device'])
        .orderBy('session.token'),
    [
      { accountId: 1, id: 1, createdAt: at('01-05 09:00'), device: 'phone' },
      { accountId: 1, id: 1, createdAt: at('01-05 09:00'), device: 'laptop' },
      { accountId: 2, id: null, createdAt: null, device: null },
      { accountId: 4, id: null, createdAt: null, device: 'phone' },
    ],
  ),
  query(
    'birthdays in May',
    (db) =>
      db
        .selectFrom('account')
        .select(['name', 'birthday'])
        .where('birthday', '>=', '1990-05-01')
        .where('birthday', '<', '1990-06-01')
        .orderBy('birthday'),
    [
      { name: 'Ada', birthday: '1990-05-17' },
      { name: 'émile', birthday: '1990-05-18' },
    ],
  ),
  query(
    'birthdays, those that are missing first',
    (db) =>
      db
        .selectFrom('account')
        .select('birthday')
        .orderBy('birthday', (by) => by.desc().nullsFirst()),
    [
      { birthday: null },
      { birthday: null },
      { birthday: '2001-02-28' },
      { birthday: '1990-05-18' },
      { birthday: '1990-05-17' },
      { birthday: '1985-12-31' },
    ],
  ),
  query(
    'the avatar of accounts that have one',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['id', 'avatar', eb.fn<number>('length', ['avatar']).as('size')])
        .where('avatar', 'is not', null)
        .orderBy('id'),
    [
      { id: 1, avatar: new Uint8Array([1, 2, 255]), size: 3 },
      { id: 3, avatar: new Uint8Array([]), size: 0 },
    ],
  ),
  query(
    'the account with certain bytes',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .where('avatar', '=', new Uint8Array([1, 2, 255])),
    [{ id: 1 }],
  ),
  query(
    'the exact points of an account',
    (db) => db.selectFrom('account').select('points').where('points', '=', 9_007_199_254_740_993n),
    [{ points: 9007199254740993n }],
  ),
  query(
    'points in a range of bigints',
    (db) =>
      db
        .selectFrom('account')
        .select(['id', 'points'])
        .where((eb) => eb.between('points', 1n, 9_007_199_254_740_992n))
        .orderBy('points'),
    [
      { id: 5, points: 7n },
      { id: 2, points: 10n },
      { id: 4, points: 500n },
    ],
  ),
  query(
    'a typed fragment beside a time',
    (db) =>
      db
        .selectFrom('account')
        .select(['id', typed(sql`"created_at"`, 'timestamptz').as('since')])
        .where(typed(sql<Date>`"created_at"`, 'timestamptz'), '>', at('02-15 00:00'))
        .orderBy('id'),
    [
      { id: 4, since: at('02-29 00:00') },
      { id: 5, since: at('03-01 08:15') },
      { id: 6, since: at('03-01 20:45') },
    ],
  ),
  refusal(
    'a time given to raw SQL',
    (db) => db.selectFrom('account').select((eb) => sql<string>`max(${eb.ref('createdAt')})`.as('last')),
    'untyped_expression',
  ),
  query(
    'the greatest time by the builder',
    (db) => db.selectFrom('account').select((eb) => eb.fn.max('createdAt').as('last')),
    [{ last: at('03-01 20:45') }],
  ),
];
