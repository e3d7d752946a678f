import { type Catalogue, query } from './catalogue-query.js';

/** Search in texts and tags. */
export const SEARCH: Catalogue = [
  query('texts that begin so', (db) => db.selectFrom('product').select('name').where('name', 'like', 'F%'), [
    { name: 'Fables' },
  ]),
  query(
    'texts that contain it, in this case only',
    (db) => db.selectFrom('message').select('id').where('body', 'like', '%hello%'),
    [{ id: 2 }],
  ),
  query(
    'texts that contain it, in any case',
    (db) => db.selectFrom('message').select('id').where('body', 'ilike', '%HELLO%').orderBy('id'),
    [{ id: 1 }, { id: 2 }],
  ),
  query(
    'a percent sign as itself',
    (db) => db.selectFrom('message').select('id').where('body', 'like', '%50\\%%'),
    [{ id: 3 }],
  ),
  query(
    'an underscore as itself',
    (db) => db.selectFrom('message').select('id').where('body', 'like', '%off\\_today'),
    [{ id: 3 }],
  ),
  query(
    'one character of any kind',
    (db) => db.selectFrom('product').select('name').where('name', 'like', '_o%').orderBy('name'),
    [{ name: 'Bone' }, { name: 'Go' }],
  ),
  query(
    'an emoji is one character',
    (db) => db.selectFrom('message').select('id').where('body', 'like', 'Grüße _'),
    [{ id: 4 }],
  ),
  query(
    'texts without it',
    (db) => db.selectFrom('product').select('name').where('name', 'not like', '%e%').orderBy('name'),
    [{ name: 'Atlas' }, { name: 'Dixit' }, { name: 'Emma' }, { name: 'Go' }],
  ),
  query(
    'several words, each in one of several columns',
    (db) => {
      let found = db
        .selectFrom('purchase')
        .innerJoin('account', 'account.id', 'purchase.accountId')
        .select('purchase.id');
      for (const word of ['a', 'gift'])
        found = found.where((eb) =>
          eb.or([eb('account.name', 'ilike', `%${word}%`), eb('purchase.note', 'ilike', `%${word}%`)]),
        );
      return found.orderBy('purchase.id');
    },
    [{ id: 1 }],
  ),
  query(
    'a relevance',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => [
          'id',
          eb
            .case()
            .when('body', '=', 'Hello')
            .then(3)
            .when('body', 'ilike', 'hello%')
            .then(2)
            .when('body', 'ilike', '%o%')
            .then(1)
            .else(0)
            .end()
            .as('rank'),
        ])
        .orderBy('rank', 'desc')
        .orderBy('id'),
    [
      { id: 1, rank: 3 },
      { id: 2, rank: 2 },
      { id: 3, rank: 1 },
      { id: 4, rank: 0 },
      { id: 5, rank: 0 },
      { id: 6, rank: 0 },
    ],
  ),
  query('names by code point', (db) => db.selectFrom('account').select('name').orderBy('name'), [
    { name: 'Ada' },
    { name: 'Bob' },
    { name: 'Cleo' },
    { name: 'Dan' },
    { name: 'eve_100%' },
    { name: 'émile' },
  ]),
  query(
    'names without regard to the case of ASCII letters',
    (db) =>
      db
        .selectFrom('tag')
        .select('label')
        .orderBy((eb) => eb.fn('lower', ['label'])),
    [{ label: 'classic' }, { label: 'family' }, { label: 'New' }, { label: 'unused' }],
  ),
  query(
    'labels by code point, descending',
    (db) => db.selectFrom('tag').select('label').orderBy('label', 'desc'),
    [{ label: 'unused' }, { label: 'family' }, { label: 'classic' }, { label: 'New' }],
  ),
  query(
    'texts before another',
    (db) => db.selectFrom('tag').select('label').where('label', '<', 'd').orderBy('label'),
    [{ label: 'New' }, { label: 'classic' }],
  ),
  query(
    'the initials',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb.fn<string>('upper', [eb.fn('substr', ['name', eb.lit(1), eb.lit(1)])]).as('letter'),
          eb.fn.countAll<number>().as('products'),
        ])
        .groupBy('letter')
        .orderBy('letter'),
    [
      { letter: 'A', products: 1 },
      { letter: 'B', products: 1 },
      { letter: 'C', products: 1 },
      { letter: 'D', products: 1 },
      { letter: 'E', products: 1 },
      { letter: 'F', products: 1 },
      { letter: 'G', products: 1 },
    ],
  ),
  query(
    'the length of texts in characters',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => ['id', eb.fn<number>('length', ['body']).as('length')])
        .orderBy('length', 'desc')
        .orderBy('id')
        .limit(3),
    [
      { id: 3, length: 13 },
      { id: 2, length: 9 },
      { id: 4, length: 7 },
    ],
  ),
  query(
    'texts of some length',
    (db) =>
      db
        .selectFrom('message')
        .select('id')
        .where((eb) => eb.between(eb.fn<number>('length', ['body']), 1, 7))
        .orderBy('id'),
    [{ id: 1 }, { id: 4 }, { id: 5 }],
  ),
  query(
    'a text that is put together',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => eb.fn<string>('concat', ['name', eb.val(' ('), 'price', eb.val(')')]).as('label'))
        .where('id', '<=', 2)
        .orderBy('id'),
    [{ label: 'Atlas (39.90)' }, { label: 'Bone (9.90)' }],
  ),
  query(
    'a text by ||',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) =>
          eb(eb('name', '||', eb.val(' <')), '||', eb(eb.ref('email'), '||', eb.val('>'))).as('address'),
        )
        .where('id', '=', 1),
    [{ address: 'Ada <ada@example.com>' }],
  ),
  query(
    '|| with NULL, concat with NULL',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          eb(eb.val('note: '), '||', eb.ref('note') as never).as('bars'),
          eb.fn<string>('concat', [eb.val('note: '), 'note']).as('concat'),
        ])
        .where('id', 'in', [2, 4])
        .orderBy('id'),
    [
      { bars: null, concat: 'note: ' },
      { bars: 'note: call first', concat: 'note: call first' },
    ],
  ),
  query(
    'a text with parts replaced',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => eb.fn<string>('replace', ['email', eb.val('@example.com'), eb.val('')]).as('user'))
        .orderBy('id')
        .limit(2),
    [{ user: 'ada' }, { user: 'bob' }],
  ),
  query(
    'spaces cut off',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => eb.fn<string>('trim', [eb('name', '||', eb.val('  '))]).as('name'))
        .where('id', '=', 1),
    [{ name: 'Atlas' }],
  ),
  query(
    'products with a tag',
    (db) =>
      db
        .selectFrom('product')
        .innerJoin('productTag', 'productTag.productId', 'product.id')
        .innerJoin('tag', 'tag.id', 'productTag.tagId')
        .select('product.name')
        .where('tag.label', '=', 'classic')
        .orderBy('product.name'),
    [{ name: 'Chess' }, { name: 'Emma' }, { name: 'Go' }],
  ),
  query(
    'products with all of several tags',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where(
          (eb) =>
            eb
              .selectFrom('productTag')
              .innerJoin('tag', 'tag.id', 'productTag.tagId')
              .select((e) => e.fn.countAll<number>().as('n'))
              .whereRef('productTag.productId', '=', 'product.id')
              .where('tag.label', 'in', ['classic', 'family']),
          '=',
          2,
        ),
    [{ name: 'Chess' }],
  ),
  query(
    'products with any of several tags, each once',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where('id', 'in', (eb) =>
          eb.selectFrom('productTag').select('productId').where('tagId', 'in', [1, 2]),
        )
        .orderBy('name'),
    [{ name: 'Bone' }, { name: 'Chess' }, { name: 'Dixit' }, { name: 'Emma' }, { name: 'Go' }],
  ),
  query(
    'products without a tag',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where((eb) =>
          eb.not(
            eb.exists(
              eb.selectFrom('productTag').select('tagId').whereRef('productTag.productId', '=', 'product.id'),
            ),
          ),
        ),
    [{ name: 'Fables' }],
  ),
  query(
    'a cloud of tags',
    (db) =>
      db
        .selectFrom('tag')
        .leftJoin('productTag', 'productTag.tagId', 'tag.id')
        .select((eb) => ['tag.label', eb.fn.count<number>('productTag.productId').as('products')])
        .groupBy('tag.label')
        .orderBy('products', 'desc')
        .orderBy('tag.label'),
    [
      { label: 'classic', products: 3 },
      { label: 'family', products: 3 },
      { label: 'New', products: 1 },
      { label: 'unused', products: 0 },
    ],
  ),
  query(
    'tags that go together',
    (db) =>
      db
        .selectFrom('productTag as a')
        .innerJoin('productTag as b', (join) =>
          join.onRef('a.productId', '=', 'b.productId').onRef('a.tagId', '<', 'b.tagId'),
        )
        .select((eb) => ['a.tagId as one', 'b.tagId as other', eb.fn.countAll<number>().as('products')])
        .groupBy(['a.tagId', 'b.tagId']),
    [{ one: 1, other: 2, products: 1 }],
  ),
  query(
    'the tags of a product as one text',
    (db) =>
      db
        .selectFrom('product')
        .leftJoin('productTag', 'productTag.productId', 'product.id')
        .leftJoin('tag', 'tag.id', 'productTag.tagId')
        .select((eb) => [
          'product.name',
          eb.fn
            .agg<string | null>('string_agg', ['tag.label', eb.val(', ')])
            .orderBy('tag.label', 'desc')
            .as('tags'),
        ])
        .groupBy('product.name')
        .orderBy('product.name'),
    [
      { name: 'Atlas', tags: 'New' },
      { name: 'Bone', tags: 'family' },
      { name: 'Chess', tags: 'family, classic' },
      { name: 'Dixit', tags: 'family' },
      { name: 'Emma', tags: 'classic' },
      { name: 'Fables', tags: null },
      { name: 'Go', tags: 'classic' },
    ],
  ),
];
