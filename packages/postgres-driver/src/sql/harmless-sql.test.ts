import { expect, test } from 'vitest';
import { touchedBy } from './harmless-sql.js';

test.each<[string, readonly string[], boolean]>([
  ['select * from orders where id = $1', ['orders'], false],
  ['SELECT * FROM "Orders" AS o WHERE "o"."id" = 1;', ['Orders'], false],
  ['/* a /* nested */ comment */ select 1 -- become(', [], false],
  ['(select 1) union all (select n from stock)', ['stock'], false],
  [
    'select count(*), coalesce(max(n), 0)::int from orders group by (item) order by (n) limit (1)',
    ['orders'],
    false,
  ],
  ['select pg_catalog.lower(item), n::numeric(10, 2) from sales.orders', ['orders', 'sales'], false],
  ['select cast("n" as text), cast(n as double precision) from orders', ['orders'], false],
  [`select 'it''s become(' || item, date '2024-01-01' from orders`, ['orders'], false],
  [
    'select row_number() over (partition by item), sum(n) filter (where n > 1) from orders',
    ['orders'],
    false,
  ],
  [
    'select * from orders where (item, n) in ((1, 2)) and exists (select from stock) for update',
    ['stock'],
    false,
  ],
  ['select * from orders for no key update', ['orders'], false],
  ['with a as (select 1), b as materialized (select 2) select * from a, b', [], false],
  ['with gone as (delete from stock returning item) select * from gone', ['stock'], true],
  ['insert into "orders" ("id", "item") values ($1, $2) returning *', ['orders'], true],
  ['insert into sales.orders (id) select n from generate_series(1, 3) n', ['orders'], true],
  ['insert into o (id) values (1) on conflict (id) do update set n = excluded.n', ['o'], true],
  ['update orders set n = n + 1, at = now() where id = $1', ['orders'], true],
  ['delete from orders using stock where orders.item = stock.item', ['orders', 'stock'], true],
  ['merge into orders using stock on true when matched then delete', ['orders', 'stock'], true],
  ['table orders', ['orders'], false],
  ['values (1), (2)', [], false],
  ['set local statement_timeout = 1', [], false],
  ['set transaction read only', [], false],
  ['savepoint a', [], false],
  ['rollback to savepoint a', [], false],
  [`select set_config('app.tenant', $1, true)`, [], false],
  ['select pg_advisory_xact_lock(1)', [], false],
  [`select * from orders where tenant = current_setting('app.tenant', true)`, ['orders'], false],
])('is proven to leave nothing: %s', (text, names, isWrite) => {
  const touched = touchedBy(text);
  expect(touched).toMatchObject({ isWrite });
  expect([...(touched?.names ?? [])]).toEqual(expect.arrayContaining([...names]));
});

test.each([
  '',
  ';',
  'begin',
  'call p()',
  'do $$ begin end $$',
  'set timezone = 1',
  'reset all',
  'listen x',
  'prepare x as select 1',
  'execute x',
  'explain analyze select become(1)',
  'create temp table t as select 1',
  'select 1 into temp t',
  'select * into t from orders',
  'with x as (select 1) select * into t from x',
  'select become(1)',
  'select become (1)',
  'select become/**/(1)',
  'select become\u00a0(1)',
  'select count\u00a0(1)',
  'select "become"(1)',
  'select "count"(1)',
  'select U&"\\0062ecome"(1)',
  'select app.count(1)',
  'select app . any (1)',
  'select * from orders, become(1)',
  'select * from rows from (become(1))',
  'select * from orders join become(1) on true',
  'select 1 from a join b on conflict(1)',
  'select first(n) from orders',
  'select over(1)',
  `select set_config('app.tenant', $1, false)`,
  `select set_config('app.tenant', $1, $2)`,
  `select set_config('app.tenant', become(1), true)`,
  `select set_config('app.tenant', 'a', true and become(1))`,
  'select pg_advisory_lock(1)',
  'select pg_try_advisory_lock_shared(1)',
  'select setseed(0.5)',
  `select query_to_xml('select become(1)', true, true, '')`,
  'select 1::a_domain',
  'select 1::app.text',
  'select 1::"text"',
  'select cast(1 as a_domain)',
  'select cast(cast(1 as text) as a_domain)',
  'select 1; select become(1)',
  'select 1; select 2',
  'select $$a$$',
  'select $tag$a$tag$',
  `select E'\\'' || become(1) || ''`,
  `select '\\' || become(1) || ''`,
  `select 'open`,
  'insert into orders select become(1)',
  'insert into orders (id) values (become(1))',
  'update orders set n = become(1)',
  `select ${'1, '.repeat(5000)} 1`,
])('is not proven to leave nothing: %s', (text) => {
  expect(touchedBy(text)).toBeUndefined();
});

test.each([
  'begin new.updated_at := now(); return new; end',
  'begin new.updated_at = now(); return new; end;',
  `declare x integer := 1; begin
     if new.n is distinct from old.n then new.changed := true; elsif (x > 1) then raise exception 'no %', x; else return null; end if;
     for x in 1..3 loop new.n := new.n + x; end loop;
     select count(*) into x from stock;
     insert into audit (id, at) values (new.id, clock_timestamp()) on conflict (id) do nothing;
     perform pg_notify('changes', new.id::text);
     return new;
   end`,
])('is a function that is proven to leave nothing: %s', (text) => {
  expect(touchedBy(text, 'body')).toBeDefined();
});

test.each([
  `begin perform set_config('a', 'b', false); return new; end`,
  'begin perform become(1); return new; end',
  'begin new.n := become(1); return new; end',
  'begin set timezone = 1; return new; end',
  'begin if true then set timezone = 1; end if; return new; end',
  'begin reset all; return new; end',
  'begin listen x; return new; end',
  'begin create temp table t (); return new; end',
  'begin discard temp; return new; end',
  'begin call p(); return new; end',
  `begin execute 'set timezone = 1'; return new; end`,
  `begin return query execute 'set timezone = 1'; end`,
  'declare x text := become(1); begin return new; end',
  'begin new.n := $$a$$; end',
])('is a function that is not proven to: %s', (text) => {
  expect(touchedBy(text, 'body')).toBeUndefined();
});

test('reads an expression', () => {
  const touched = touchedBy(`(tenant = current_setting('app.tenant'::text, true))`, 'expression');
  expect(touched?.isWrite).toBe(false);
  expect(touchedBy('become(tenant)', 'expression')).toBeUndefined();
  expect([...(touchedBy('exists (select from members)', 'expression')?.names ?? [])]).toContain('members');
});
