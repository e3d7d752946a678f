import { expect, test } from 'vitest';
import { defaultConstraintName } from './default-constraint-name.js';

test.each([
  ['book', ['id'], 'pkey', 'book_pkey'],
  ['book', ['isbn'], 'key', 'book_isbn_key'],
  ['book', ['shelf', 'slot'], 'key', 'book_shelf_slot_key'],
  ['book', ['author_id'], 'fkey', 'book_author_id_fkey'],
  ['book', ['pages'], 'check', 'book_pages_check'],
  ['book', ['pages', 'price'], 'check', 'book_check'],
  ['t'.repeat(70), ['id'], 'pkey', `${'t'.repeat(58)}_pkey`],
  ['t'.repeat(40), ['c'.repeat(40)], 'key', `${'t'.repeat(29)}_${'c'.repeat(29)}_key`],
] as const)(
  'C11 a constraint without a name goes by the one PostgreSQL gives: %s %o %s',
  (table, columns, ending, name) => {
    expect(defaultConstraintName(table, columns, ending)).toBe(name);
  },
);
