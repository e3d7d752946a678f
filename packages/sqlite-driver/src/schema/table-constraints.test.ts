import { expect, test } from 'vitest';
import { namedConstraints } from './table-constraints.js';

const TABLE = `CREATE TABLE "t" ("a" text constraint "sluice:text:a" check ("a" is null or typeof("a") = 'text)'),
  b int constraint once unique constraint up references "p" ("x") on delete set null, "odd ""name" int,
  constraint "key" primary key ("a", b),
  CONSTRAINT [both] UNIQUE (b, "odd ""name"),
  constraint parent foreign key ("a") references "p" ("x"),
  constraint span check (b <= max(a, 'b(') and (b > 0)), check (a <> ''))`;

test('names, kinds and columns are read from the text of the table', () => {
  const found = namedConstraints(TABLE).map(({ name, kind, columns }) => [name, kind, columns.slice(0, 2)]);
  expect(found).toStrictEqual([
    ['sluice:text:a', 'check', ['a', 'is']],
    ['once', 'unique', ['b']],
    ['up', 'foreign key', ['b']],
    ['key', 'primary key', ['a', 'b']],
    ['both', 'unique', ['b', 'odd "name']],
    ['parent', 'foreign key', ['a']],
    ['span', 'check', ['b', 'max']],
  ]);
});
