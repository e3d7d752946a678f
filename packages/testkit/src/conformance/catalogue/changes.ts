import { addMs, now } from '@sluice/core';
import { type Catalogue, change, NOTHING, query, refusal } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Updates and deletes, with what they return. */
export const CHANGES: Catalogue = [
  change(
    'a balance from the sum of another table',
    (db) =>
      db
        .updateTable('account')
        .set((eb) => ({
          balance: eb
            .selectFrom('purchase')
            .innerJoin('purchaseLine', 'purchaseLine.purchaseId', 'purchase.id')
            .select((p) =>
              p.fn
                .coalesce(p.fn.sum<string>(p('unitPrice', '*', p.ref('quantity') as never)), p.val('0'))
                .as('spent'),
            )
            .whereRef('purchase.accountId', '=', 'account.id'),
        }))
        .where('id', 'in', [2, 5])
        .returning(['id', 'balance']),
    [
      { id: 2, balance: '49.00' },
      { id: 5, balance: '0.00' },
    ],
  ),
  change(
    'an update from another table',
    (db) =>
      db
        .updateTable('purchaseLine')
        .from('product')
        .set((eb) => ({ unitPrice: eb.ref('product.price') }))
        .whereRef('product.id', '=', 'purchaseLine.productId')
        .where('purchaseLine.purchaseId', 'in', [1, 6])
        .returning(['purchaseLine.purchaseId', 'purchaseLine.position', 'purchaseLine.unitPrice']),
    [
      { purchaseId: 6, position: 1, unitPrice: '39.90' },
      { purchaseId: 1, position: 1, unitPrice: '39.90' },
      { purchaseId: 1, position: 2, unitPrice: '9.90' },
    ],
  ),
  change(
    'an update from a query',
    (db) =>
      db
        .updateTable('product')
        .from((eb) =>
          eb
            .selectFrom('stockMove')
            .select((m) => ['productId', m.fn.sum<number>('change').as('moved')])
            .groupBy('productId')
            .as('m'),
        )
        .set((eb) => ({ stock: eb.cast<number>('m.moved', 'integer') }))
        .whereRef('m.productId', '=', 'product.id')
        .returning(['product.id', 'product.stock']),
    [
      { id: 1, stock: 12 },
      { id: 2, stock: 120 },
      { id: 3, stock: 9 },
    ],
  ),
  change(
    'a time moved on',
    (db) =>
      db
        .updateTable('session')
        .set((eb) => ({ expiresAt: addMs(eb.ref('expiresAt'), 3_600_000) }))
        .where('accountId', '=', 2)
        .returning('expiresAt'),
    [{ expiresAt: at('03-01 13:30') }],
  ),
  change(
    'a time set to another',
    (db) =>
      db
        .updateTable('purchase')
        .set((eb) => ({ shippedAt: eb.fn.coalesce('shippedAt', 'paidAt') }))
        .where('id', 'in', [2, 3])
        .returning(['id', 'shippedAt']),
    [
      { id: 2, shippedAt: at('02-03 12:00') },
      { id: 3, shippedAt: at('02-01 01:00') },
    ],
  ),
  change(
    'read now',
    (db) => db.updateTable('message').set({ readAt: now() }).where('room', '=', 'random').returning('id'),
    [{ id: 4 }, { id: 6 }],
    query(
      'unread',
      (db) =>
        db
          .selectFrom('message')
          .select((eb) => eb.fn.countAll<number>().as('unread'))
          .where('readAt', 'is', null),
      [{ unread: 2 }],
    ),
  ),
  change(
    'a boolean turned',
    (db) =>
      db
        .updateTable('account')
        .set((eb) => ({ isActive: eb.not(eb.ref('isActive')) }))
        .where('id', 'in', [2, 3])
        .returning(['id', 'isActive']),
    [
      { id: 2, isActive: false },
      { id: 3, isActive: true },
    ],
  ),
  change(
    'a boolean from a condition',
    (db) =>
      db
        .updateTable('product')
        .set((eb) => ({ isArchived: eb('stock', '=', 0).$castTo<boolean>() }))
        .where('id', 'in', [4, 6])
        .returning(['id', 'isArchived']),
    [
      { id: 4, isArchived: true },
      { id: 6, isArchived: false },
    ],
  ),
  change(
    'points of a bigint',
    (db) =>
      db
        .updateTable('account')
        .set((eb) => ({ points: eb('points', '+', 1n) }))
        .where('id', 'in', [1, 2])
        .returning(['id', 'points']),
    [
      { id: 1, points: 9007199254740994n },
      { id: 2, points: 11n },
    ],
  ),
  change(
    'JSON replaced',
    (db) =>
      db
        .updateTable('account')
        .set({ settings: { theme: 'blue', n: [1, 2] } })
        .where('id', '=', 3)
        .returning('settings'),
    [{ settings: { n: [1, 2], theme: 'blue' } }],
  ),
  change(
    'JSON set to NULL',
    (db) =>
      db.updateTable('account').set({ settings: null }).where('id', '=', 1).returning(['id', 'settings']),
    [{ id: 1, settings: null }],
  ),
  change(
    'JSON copied from another row',
    (db) =>
      db
        .updateTable('account')
        .set((eb) => ({
          settings: eb.selectFrom('account as other').select('other.settings').where('other.id', '=', 1),
        }))
        .where('id', '=', 3)
        .returning('settings'),
    [{ settings: { mail: { weekly: true }, limit: 10, theme: 'dark', labels: ['vip', 'beta'] } }],
  ),
  change(
    'bytes written',
    (db) =>
      db
        .updateTable('account')
        .set({ avatar: new Uint8Array([9, 0, 9]) })
        .where('id', '=', 2)
        .returning('avatar'),
    [{ avatar: new Uint8Array([9, 0, 9]) }],
  ),
  change(
    'computed columns in RETURNING',
    (db) =>
      db
        .updateTable('product')
        .set({ stock: 7 })
        .where('id', '=', 1)
        .returning((eb) => [
          'id',
          eb('price', '*', eb.ref('stock') as never).as('value'),
          eb('stock', '<', 10).as('isLow'),
          eb.fn.coalesce('weight', eb.lit(0)).as('weight'),
          eb.cast<string>('price', 'text').as('text'),
        ]),
    [{ id: 1, value: '279.30', isLow: true, weight: 1.5, text: '39.90' }],
  ),
  change(
    'a sub-select in RETURNING',
    (db) =>
      db
        .deleteFrom('productTag')
        .where('tagId', '=', 3)
        .returning((eb) => [
          'productId',
          eb
            .selectFrom('product')
            .select('product.price')
            .whereRef('product.id', '=', 'productTag.productId')
            .as('price'),
        ]),
    [{ productId: 1, price: '39.90' }],
  ),
  change(
    'sessions that ran out are removed',
    (db) => db.deleteFrom('session').where('expiresAt', '<', now()).returning('device'),
    [{ device: 'phone' }, { device: 'laptop' }, { device: null }],
    query('the sessions', (db) => db.selectFrom('session').select('accountId'), [{ accountId: 4 }]),
  ),
  refusal(
    'rows of another table are removed by USING',
    (db) =>
      db
        .deleteFrom('purchaseLine')
        .using('purchase')
        .whereRef('purchase.id', '=', 'purchaseLine.purchaseId')
        .where('purchase.status', '=', 'cancelled')
        .returning(['purchaseLine.purchaseId', 'purchaseLine.unitPrice']),
    'unsupported',
  ),
  change(
    'rows of another table are removed',
    (db) =>
      db
        .deleteFrom('purchaseLine')
        .where('purchaseId', 'in', (eb) =>
          eb.selectFrom('purchase').select('id').where('status', '=', 'cancelled'),
        )
        .returning(['purchaseId', 'unitPrice']),
    [{ purchaseId: 6, unitPrice: '38.00' }],
  ),
  change(
    'rows without a parent are removed',
    (db) =>
      db
        .deleteFrom('tag')
        .where((eb) =>
          eb.not(
            eb.exists(
              eb.selectFrom('productTag').select('tagId').whereRef('productTag.tagId', '=', 'tag.id'),
            ),
          ),
        )
        .returning('label'),
    [{ label: 'unused' }],
  ),
  change(
    'doubles are removed, the first is kept',
    (db) =>
      db
        .deleteFrom('event')
        .where('id', 'not in', (eb) =>
          eb
            .selectFrom('event')
            .select((e) => e.fn.min('id').as('id'))
            .groupBy(['kind', 'accountId']),
        )
        .returning('id'),
    [{ id: 3n }],
  ),
  change(
    'a row by a numeric',
    (db) => db.deleteFrom('purchaseLine').where('unitPrice', '=', '7').returning(['purchaseId', 'unitPrice']),
    [{ purchaseId: 3, unitPrice: '7.00' }],
  ),
  change(
    'rows by two columns',
    (db) =>
      db
        .deleteFrom('grant')
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('accountId', 'project'), 'in', [tuple(1, 'blog'), tuple(4, 'shop')]),
        )
        .returning(['accountId', 'permission']),
    [
      { accountId: 1, permission: 'read' },
      { accountId: 1, permission: 'write' },
      { accountId: 4, permission: 'write' },
    ],
  ),
  change(
    'a change without RETURNING',
    (db) => ({
      execute: async () => {
        await db.updateTable('tag').set({ label: 'x' }).where('id', '=', 4).execute();
        return NOTHING;
      },
    }),
    [],
    query('the tag', (db) => db.selectFrom('tag').select('label').where('id', '=', 4), [{ label: 'x' }]),
  ),
  change(
    'the number of changed rows',
    (db) => ({
      execute: async () =>
        (await db.updateTable('account').set({ isActive: true }).where('isActive', '=', false).execute()).map(
          ({ numUpdatedRows }) => ({ numUpdatedRows }),
        ),
    }),
    [{ numUpdatedRows: 2n }],
  ),
  change(
    'the number of removed rows',
    (db) => ({
      execute: async () =>
        (await db.deleteFrom('reading').where('value', 'is', null).execute()).map(({ numDeletedRows }) => ({
          numDeletedRows,
        })),
    }),
    [{ numDeletedRows: 1n }],
  ),
  change(
    'a write in a WITH',
    (db) =>
      db
        .with('gone', (cte) =>
          cte.selectFrom('session').select('token').where('expiresAt', '<', at('03-01 00:00')),
        )
        .deleteFrom('session')
        .where('token', 'in', (eb) => eb.selectFrom('gone').select('gone.token'))
        .returning('device'),
    [{ device: 'laptop' }],
  ),
  change(
    'messages numbered again, by a sub-query over the table that is changed',
    (db) =>
      db
        .updateTable('message')
        .set((eb) => ({
          replyToId: eb
            .selectFrom('message as before')
            .select((e) => e.fn.max('before.id').as('id'))
            .where((e) => e('before.replyToId', 'is', null))
            .whereRef('before.id', '!=', 'message.id'),
        }))
        .returning(['id', 'replyToId']),
    [
      { id: 1, replyToId: 4 },
      { id: 2, replyToId: 4 },
      { id: 3, replyToId: 4 },
      { id: 4, replyToId: 3 },
      { id: 5, replyToId: 4 },
      { id: 6, replyToId: 4 },
    ],
  ),
  change(
    'each balance the sum of the others, through a WITH',
    (db) =>
      db
        .with('others', (cte) => cte.selectFrom('account').select(['id', 'balance']))
        .updateTable('account')
        .set((eb) => ({
          balance: eb
            .selectFrom('others')
            .select((e) => e.fn.sum<string>('others.balance').as('sum'))
            .whereRef('others.id', '!=', 'account.id'),
        }))
        .where('id', '<', 4)
        .returning(['id', 'balance']),
    [
      { id: 1, balance: '1004.65' },
      { id: 2, balance: '1115.25' },
      { id: 3, balance: '1125.15' },
    ],
  ),
  refusal(
    'the number of the rows that are left, in RETURNING',
    (db) =>
      db
        .deleteFrom('tag')
        .where('id', '>', 3)
        .returning((eb) =>
          eb
            .selectFrom('tag as left')
            .select((e) => e.fn.countAll<number>().as('n'))
            .as('left'),
        ),
    'unsupported',
  ),
  change(
    'the number of the rows that are left, in a query of its own',
    (db) => db.deleteFrom('tag').where('id', '>', 3).returning('id'),
    [{ id: 4 }],
    query(
      'the rows that are left',
      (db) => db.selectFrom('tag').select((eb) => eb.fn.countAll<number>().as('n')),
      [{ n: 3 }],
    ),
  ),
  refusal(
    'an upsert of several rows with a sub-query over its table',
    (db) =>
      db
        .insertInto('product')
        .columns(['id', 'code', 'name', 'price', 'stock', 'isArchived'])
        .expression((eb) =>
          eb
            .selectFrom('product as p')
            .select(['p.id', 'p.code', 'p.name', 'p.price', 'p.stock', 'p.isArchived'])
            .where('p.id', '<', 3),
        )
        .onConflict((oc) =>
          oc.column('id').doUpdateSet((eb) => ({
            stock: eb
              .selectFrom('product as o')
              .select((e) => e.fn.max('o.stock').as('most'))
              .whereRef('o.id', '!=', 'product.id'),
          })),
        )
        .returning('stock'),
    'unsupported',
  ),
  change(
    'an upsert of one row with a sub-query over its table',
    (db) =>
      db
        .insertInto('tag')
        .values({ id: 1, label: 'classic' })
        .onConflict((oc) =>
          oc.column('id').doUpdateSet((eb) => ({
            label: eb.fn('concat', [
              eb
                .selectFrom('tag as o')
                .select((e) => e.fn.max('o.label').as('last'))
                .where('o.id', '<', 4),
              eb.val('!'),
            ]),
          })),
        )
        .returning(['id', 'label']),
    [{ id: 1, label: 'family!' }],
  ),
];
