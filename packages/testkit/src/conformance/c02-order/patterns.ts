import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

const BODIES = [
  '100%',
  '100x',
  'a_b',
  'axb',
  'back\\slash',
  'Back',
  'Äpfel',
  'äpfel',
  '',
  'two\nlines',
  '🌊 wave',
  'a\\%b',
];

/** `like`, and the two operators that take literal text: they are case-sensitive. `%` and `_` are wildcards only in `like`. */
export function patternCases(fixture: Fixture): void {
  const cases: readonly [string, object, string[]][] = [
    ['like takes % as any text', { like: '100%' }, ['100%', '100x']],
    ['like takes _ as one character', { like: 'a_b' }, ['a_b', 'axb']],
    ['like takes _ as one character beyond U+FFFF', { like: '_ wave' }, ['🌊 wave']],
    ['like takes \\% literally', { like: '100\\%' }, ['100%']],
    ['like takes \\_ literally', { like: 'a\\_b' }, ['a_b']],
    ['like takes \\\\ as a backslash', { like: 'back\\\\slash' }, ['back\\slash']],
    ['like matches the whole text', { like: 'Back' }, ['Back']],
    ['like is case-sensitive', { like: 'B%' }, ['Back']],
    ['like is case-sensitive beyond ASCII', { like: 'Ä%' }, ['Äpfel']],
    ['like reaches over line breaks', { like: 'two%lines' }, ['two\nlines']],
    ['like of the empty pattern matches the empty text', { like: '' }, ['']],
    ['contains takes % literally', { contains: '%' }, ['100%', 'a\\%b']],
    ['contains takes _ literally', { contains: '_' }, ['a_b']],
    ['contains takes a backslash literally', { contains: '\\' }, ['back\\slash', 'a\\%b']],
    ['contains takes a backslash before % literally', { contains: '\\%' }, ['a\\%b']],
    ['contains is case-sensitive', { contains: 'ack' }, ['back\\slash', 'Back']],
    ['contains finds beyond U+FFFF', { contains: '🌊' }, ['🌊 wave']],
    ['contains of the empty text matches all', { contains: '' }, BODIES],
    ['startsWith takes % literally', { startsWith: '100%' }, ['100%']],
    ['startsWith takes _ literally', { startsWith: 'a_' }, ['a_b']],
    ['startsWith takes a backslash literally', { startsWith: 'a\\' }, ['a\\%b']],
    ['startsWith is case-sensitive', { startsWith: 'ä' }, ['äpfel']],
    ['startsWith looks at the beginning alone', { startsWith: 'pfel' }, []],
  ];

  describe('patterns', () => {
    for (const [what, body, expected] of cases) {
      test(`C2 ${what}`, async () => {
        const notes = fixture.storage.repository('note', { key: 'id' });
        await notes.insertMany(BODIES.map((text, id) => ({ id, body: text, rank: null, pinned: null })));
        await notes.insert({ id: 99, body: null, rank: null, pinned: null });
        const found = await notes.find({ where: { body }, orderBy: { id: 'asc' } });
        expect(found.map((row) => row.body)).toStrictEqual(expected);
      });
    }

    test('C2 like is case-sensitive in a plain query', async () => {
      const { storage } = fixture;
      await storage
        .repository('note', { key: 'id' })
        .insertMany(['Abc', 'abc', 'ABC'].map((body, id) => ({ id, body, rank: null, pinned: null })));
      const query = storage.kysely.selectFrom('note').select('body').where('body', 'like', 'Ab%');
      expect(await query.execute()).toStrictEqual([{ body: 'Abc' }]);
    });

    test('C2 ilike is not case-sensitive', async () => {
      const { storage } = fixture;
      await storage
        .repository('note', { key: 'id' })
        .insertMany(['Abc', 'abd', 'A_x'].map((body, id) => ({ id, body, rank: null, pinned: null })));
      const query = storage.kysely.selectFrom('note').select('id').orderBy('id');
      expect(await query.where('body', 'ilike', 'aB%').execute()).toStrictEqual([{ id: 0 }, { id: 1 }]);
      expect(await query.where('body', 'ilike', 'a\\_%').execute()).toStrictEqual([{ id: 2 }]);
      expect(await query.where('body', 'not ilike', '%B%').execute()).toStrictEqual([{ id: 2 }]);
    });

    test('C2 a pattern that ends with a lone backslash is refused', async () => {
      const { storage } = fixture;
      const notes = storage.repository('note', { key: 'id' });
      await notes.insert({ id: 1, body: 'a\\', rank: null, pinned: null });
      await expectRefusal(notes.find({ where: { body: { like: 'a\\' } } }), 'invalid_query');
      const plain = storage.kysely.selectFrom('note').select('id');
      for (const operator of ['like', 'not like', 'ilike'] as const)
        await expectRefusal(plain.where('body', operator, 'a\\').execute(), 'invalid_query');
      expect(await plain.where('body', 'like', 'a\\\\').execute()).toStrictEqual([{ id: 1 }]);
    });

    test('C3 locks of rows are taken in a transaction, or are not needed', async () => {
      const { storage } = fixture;
      await storage.repository('note', { key: 'id' }).insert({ id: 1, body: 'a', rank: null, pinned: null });
      const lock = storage.kysely.selectFrom('note').select('id').where('id', '=', 1);
      const queries = [
        lock.forUpdate(),
        lock.forShare(),
        lock.forNoKeyUpdate(),
        lock.forKeyShare(),
        lock.forUpdate().skipLocked(),
        lock.forUpdate().noWait(),
      ];
      for (const query of queries) {
        const { rows } = await storage.write((tx) => tx.kysely.executeQuery(query));
        expect(rows).toStrictEqual([{ id: 1 }]);
      }
    });
  });
}
