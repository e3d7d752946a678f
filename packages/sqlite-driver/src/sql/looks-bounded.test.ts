import { expect, test } from 'vitest';
import { looksBounded } from './looks-bounded.js';

test.each([
  'select 1',
  'select * from "item" where "id" = ?',
  'select "a"."x" from "a" inner join "b" on "b"."id" = "a"."id" where ("a"."id" = ? or "a"."id" in (?, ?))',
  'select x from item where id = ? order by x limit 1',
])('%s may be bounded', (sql) => {
  expect(looksBounded(sql)).toBe(true);
});

test.each([
  '',
  'insert into item values (1)',
  'values (1)',
  'with a as (select 1) select * from a',
  'select count(*) from item where id = ?',
  'select "count"(*) from item where id = ?',
  'select x from item where id in (select id from other)',
  'select x from item where code is null',
  "select x from item where id = ? and x like '%a'",
  'select 1 union select 2',
  'select x from item group by x',
  `select '${'.'.repeat(1000)}'`,
])('%s is not', (sql) => {
  expect(looksBounded(sql)).toBe(false);
});
