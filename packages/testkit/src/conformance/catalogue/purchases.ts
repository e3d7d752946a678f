import { bucket, datePart, durationMs } from '@sluice/core';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Orders of a shop, their totals and times. */
export const PURCHASES: Catalogue = [
  query(
    'the total of each purchase',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => [
          'purchaseId',
          eb.fn.sum<string>(eb('quantity', '*', eb.ref('unitPrice') as never)).as('total'),
        ])
        .groupBy('purchaseId')
        .orderBy('purchaseId'),
    [
      { purchaseId: 1, total: '134.90' },
      { purchaseId: 2, total: '49.00' },
      { purchaseId: 3, total: '36.70' },
      { purchaseId: 4, total: '120.00' },
      { purchaseId: 5, total: '29.00' },
      { purchaseId: 6, total: '152.00' },
    ],
  ),
  query(
    'the greatest purchases first, by the alias of their total',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => [
          'purchaseId',
          eb.fn.sum<string>(eb('unitPrice', '*', eb.ref('quantity') as never)).as('total'),
        ])
        .groupBy('purchaseId')
        .orderBy('total', 'desc')
        .limit(3),
    [
      { purchaseId: 6, total: '152.00' },
      { purchaseId: 1, total: '134.90' },
      { purchaseId: 4, total: '120.00' },
    ],
  ),
  query(
    'purchases above an amount',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select('purchaseId')
        .groupBy('purchaseId')
        .having((eb) => eb.fn.sum<string>(eb('unitPrice', '*', eb.ref('quantity') as never)), '>', '100')
        .orderBy('purchaseId'),
    [{ purchaseId: 1 }, { purchaseId: 4 }, { purchaseId: 6 }],
  ),
  query(
    'what each customer has spent',
    (db) =>
      db
        .selectFrom('account')
        .leftJoin('purchase', 'purchase.accountId', 'account.id')
        .leftJoin('purchaseLine', 'purchaseLine.purchaseId', 'purchase.id')
        .select((eb) => [
          'account.name',
          eb.fn.count<number>('purchase.id').distinct().as('purchases'),
          eb.fn
            .coalesce(eb.fn.sum<string>(eb('unitPrice', '*', eb.ref('quantity') as never)), eb.val('0'))
            .as('spent'),
        ])
        .groupBy(['account.id', 'account.name'])
        .orderBy('spent', 'desc')
        .orderBy('account.name'),
    [
      { name: 'Ada', purchases: 3, spent: '200.60' },
      { name: 'Cleo', purchases: 1, spent: '152.00' },
      { name: 'Dan', purchases: 1, spent: '120.00' },
      { name: 'Bob', purchases: 1, spent: '49.00' },
      { name: 'eve_100%', purchases: 0, spent: '0' },
      { name: 'émile', purchases: 0, spent: '0' },
    ],
  ),
  query(
    'the total after the discount',
    (db) =>
      db
        .selectFrom('purchase')
        .innerJoin('purchaseLine', 'purchaseLine.purchaseId', 'purchase.id')
        .select((eb) => [
          'purchase.id',
          eb.fn
            .sum<string>(
              eb(
                eb('unitPrice', '*', eb.ref('quantity') as never),
                '*',
                eb.parens(eb(eb.val('1'), '-', eb.fn.coalesce('discount', eb.val('0')) as never)) as never,
              ),
            )
            .as('due'),
        ])
        .groupBy('purchase.id')
        .orderBy('purchase.id'),
    [
      { id: 1, due: '134.90' },
      { id: 2, due: '44.10000' },
      { id: 3, due: '36.70' },
      { id: 4, due: '105.00000' },
      { id: 5, due: '29.00' },
      { id: 6, due: '152.00' },
    ],
  ),
  query(
    'the revenue of each month',
    (db) =>
      db
        .selectFrom('purchase')
        .innerJoin('purchaseLine', 'purchaseLine.purchaseId', 'purchase.id')
        .select((eb) => [
          bucket('month', eb.ref('purchase.paidAt')).as('month'),
          eb.fn.sum<string>(eb('unitPrice', '*', eb.ref('quantity') as never)).as('revenue'),
          eb.fn.sum('quantity').as('pieces'),
        ])
        .where('purchase.paidAt', 'is not', null)
        .groupBy((eb) => bucket('month', eb.ref('purchase.paidAt')))
        .orderBy('month'),
    [
      { month: at('01-01 00:00'), revenue: '134.90', pieces: '11' },
      { month: at('02-01 00:00'), revenue: '85.70', pieces: '6' },
      { month: at('03-01 00:00'), revenue: '120.00', pieces: '2' },
    ],
  ),
  query(
    'the state of purchases as words',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb
            .case()
            .when('shippedAt', 'is not', null)
            .then('on its way')
            .when('paidAt', 'is not', null)
            .then('in the warehouse')
            .when('status', '=', 'cancelled')
            .then('given up')
            .else('waiting')
            .end()
            .as('state'),
        ])
        .orderBy('id'),
    [
      { id: 1, state: 'on its way' },
      { id: 2, state: 'on its way' },
      { id: 3, state: 'in the warehouse' },
      { id: 4, state: 'in the warehouse' },
      { id: 5, state: 'waiting' },
      { id: 6, state: 'given up' },
    ],
  ),
  query(
    'the last that happened to a purchase',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => ['id', eb.fn.coalesce('shippedAt', 'paidAt', 'placedAt').as('changedAt')])
        .orderBy('changedAt', 'desc'),
    [
      { id: 4, changedAt: at('03-01 09:00') },
      { id: 5, changedAt: at('03-01 07:00') },
      { id: 6, changedAt: at('02-15 12:00') },
      { id: 2, changedAt: at('02-03 12:00') },
      { id: 3, changedAt: at('02-01 01:00') },
      { id: 1, changedAt: at('01-12 08:00') },
    ],
  ),
  query(
    'how long shipping took',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => ['id', durationMs(eb.ref('paidAt'), eb.ref('shippedAt')).as('ms')])
        .orderBy((eb) => durationMs(eb.ref('paidAt'), eb.ref('shippedAt')), 'desc')
        .orderBy('id'),
    [
      { id: 3, ms: null },
      { id: 4, ms: null },
      { id: 5, ms: null },
      { id: 6, ms: null },
      { id: 2, ms: 216000000 },
      { id: 1, ms: 165300000 },
    ],
  ),
  query(
    'the average time from order to payment',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          eb.fn.avg<string>(durationMs(eb.ref('placedAt'), eb.ref('paidAt'))).as('mean'),
          eb.fn.max<number>(durationMs(eb.ref('placedAt'), eb.ref('paidAt'))).as('longest'),
          eb.fn.min<number>(durationMs(eb.ref('placedAt'), eb.ref('paidAt'))).as('shortest'),
        ]),
    [{ mean: '14025000.250000000000', longest: 52200000, shortest: 1 }],
  ),
  query(
    'purchases in February, half open',
    (db) =>
      db
        .selectFrom('purchase')
        .select('id')
        .where('placedAt', '>=', at('02-01 00:00'))
        .where('placedAt', '<', at('03-01 00:00'))
        .orderBy('id'),
    [{ id: 3 }, { id: 4 }, { id: 6 }],
  ),
  query(
    'purchases between two times, both included',
    (db) =>
      db
        .selectFrom('purchase')
        .select('id')
        .where((eb) => eb.between('placedAt', at('01-31 23:59:59.999'), at('02-01 00:00')))
        .orderBy('id'),
    [{ id: 2 }, { id: 3 }],
  ),
  query(
    'purchases that were paid on another day than placed',
    (db) =>
      db
        .selectFrom('purchase')
        .select('id')
        .where((eb) => eb(bucket('day', eb.ref('placedAt')), '<', bucket('day', eb.ref('paidAt')) as never))
        .orderBy('id'),
    [{ id: 2 }, { id: 4 }],
  ),
  query(
    'purchases counted by status and month',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          datePart('month', eb.ref('placedAt')).as('month'),
          'status',
          eb.fn.countAll<number>().as('purchases'),
        ])
        .groupBy((eb) => [datePart('month', eb.ref('placedAt')), 'status'])
        .orderBy('month')
        .orderBy('status'),
    [
      { month: 1, status: 'shipped', purchases: 2 },
      { month: 2, status: 'cancelled', purchases: 1 },
      { month: 2, status: 'paid', purchases: 2 },
      { month: 3, status: 'open', purchases: 1 },
    ],
  ),
  query(
    'the share of purchases that were paid',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          eb(eb.fn.count<number>('paidAt'), '/', eb.fn.countAll<number>()).as('whole'),
          eb(eb.cast<string>(eb.fn.count('paidAt'), 'numeric'), '/', eb.fn.countAll() as never).as('share'),
          eb(eb(eb.lit<number>(100), '*', eb.fn.count<number>('paidAt')), '/', eb.fn.countAll<number>()).as(
            'percent',
          ),
          eb(eb.cast<number>(eb.fn.count('paidAt'), 'double precision'), '/', eb.fn.countAll<number>()).as(
            'ratio',
          ),
        ]),
    [{ whole: 0, share: '0.66666666666666666667', percent: 66, ratio: 0.6666666666666666 }],
  ),
  query(
    'notes that are not empty',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => ['id', eb.fn<string | null>('nullif', ['note', eb.val('')]).as('note')])
        .where((eb) => eb.fn('nullif', ['note', eb.val('')]), 'is not', null)
        .orderBy('id'),
    [
      { id: 1, note: 'Gift wrap' },
      { id: 4, note: 'call first' },
    ],
  ),
];
