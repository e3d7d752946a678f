import { describe, expect, it } from 'vitest';
import { readTableText } from './table-text.js';

describe('readTableText', () => {
  it('finds what the catalog does not tell, whatever the quotes', () => {
    const text =
      readTableText(`create table "t (x" ([a b] text collate NoCase default (lower(')')) check ("a b" <> ','), -- comment, with ) and '
      \`c\` int constraint "positive" check (c > 0) references p (id) on delete cascade deferrable initially deferred,
      d text generated always as (upper([a b]) || ')') stored, "check" integer,
      foreign key (c, d) references q (x, y) not deferrable initially deferred, constraint last check (c in (1, 2)))`);
    expect(text.checks).toEqual([
      { name: undefined, sql: `"a b" <> ','` },
      { name: 'positive', sql: 'c > 0' },
      { name: 'last', sql: 'c in (1, 2)' },
    ]);
    expect([...text.collations]).toEqual([['a b', 'NOCASE']]);
    expect([...text.generated]).toEqual([['d', `upper([a b]) || ')'`]]);
    expect(text.foreignKeys).toEqual([
      { name: undefined, columns: ['c'], isDeferred: true },
      { name: undefined, columns: ['c', 'd'], isDeferred: false },
    ]);
  });
});
