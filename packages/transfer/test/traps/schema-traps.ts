import type { Trap } from './trap.js';

const LONG = 'a_name_that_is_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it';

/** Traps of names, expressions and objects other than tables. */
export const SCHEMA_TRAPS: readonly Trap[] = [
  {
    number: 17,
    name: 'generated columns',
    build: `create table t (id integer primary key, a integer, b integer generated always as (a * 2) stored, c text as (lower(d)), d text, e text as (hex(d)));
      insert into t (id, a, d) values (1, 5, 'X'), (2, null, null)`,
    finds: [{ kind: 'generated-column', table: 't', column: 'b' }],
    gives: [
      {
        sql: 'select b, c, e from t order by id',
        rows: [
          [10, 'x', '58'],
          [null, null, ''],
        ],
      },
      {
        sql: `select attname from pg_attribute where attrelid = 't'::regclass and attgenerated = 's' order by 1`,
        rows: [['b'], ['c']],
      },
    ],
    lists: ['generated column t.e'],
  },
  {
    number: 29,
    name: 'LIKE in a CHECK',
    build: `create table t (id integer primary key, v text check (v like 'a%')); insert into t values (1, 'Abc')`,
    gives: [{ sql: `insert into t values (2, 'ABC') returning v`, rows: [['ABC']] }],
    refuses: [`insert into t values (3, 'xyz')`],
  },
  {
    number: 30,
    name: 'a string in double quotes',
    build: (database) => {
      database.exec(`create table t (id integer primary key, v text default 'none', check (v <> 'never'))`);
      database.unsafeMode(true);
      database.pragma('writable_schema = on');
      database.exec(
        `update sqlite_schema set sql = replace(replace(sql, '''none''', '"none"'), '''never''', '"never"')`,
      );
      database.pragma('writable_schema = reset');
    },
    gives: [{ sql: 'insert into t default values returning v', rows: [['none']] }],
    refuses: [`insert into t values (9, 'never')`],
  },
  {
    number: 31,
    name: 'names in mixed case, with spaces, slashes and quotes',
    build: `create table "Order Items" ("Item/Id" integer primary key, "it's ""quoted""; drop table x" text, "MixedCase" text);
      insert into "Order Items" values (1, 'a', 'b'); create index "an index" on "Order Items" ("MixedCase")`,
    gives: [
      {
        sql: `select "Item/Id", "it's ""quoted""; drop table x", "MixedCase" from "Order Items"`,
        rows: [[1, 'a', 'b']],
      },
    ],
  },
  {
    number: 31,
    name: 'names of more than 63 bytes and of system columns',
    build: `create table ${LONG} (id integer primary key, ctid text, ${LONG} text); insert into ${LONG} values (1, 'a', 'b')`,
    finds: [
      { kind: 'name', table: LONG },
      { kind: 'name', table: LONG, column: 'ctid' },
      { kind: 'name', table: LONG, column: LONG },
    ],
    isRefused: true,
    policies: ['name=convert:rename'],
    gives: [
      {
        sql: `select ctid_ from "${LONG.slice(0, 54)}_b3b9f1f5"`.replace('_b3b9f1f5', '_HASH'),
        rows: [['a']],
      },
    ],
  },
  {
    number: 32,
    name: 'reserved words as names',
    build: `create table "user" ("order" integer primary key, "end" text, "select" text, check ("end" <> '')); insert into "user" values (1, 'x', 'y');
      create table "group" ("user" integer references "user" ("order")); insert into "group" values (1)`,
    gives: [
      { sql: 'select "end", "select" from "user" join "group" on "user" = "order"', rows: [['x', 'y']] },
    ],
  },
  {
    number: 33,
    name: 'defaults that are expressions',
    build: `create table t (id integer primary key, a text default (datetime('now')), b integer default (strftime('%s','now')), c date default current_date,
      d boolean default 0, e text default 'it''s', f integer default '7', g datetime default current_timestamp, h real default (random()), i text default null, j blob default x'00ff')`,
    gives: [
      {
        sql: `insert into t default values returning a ~ '^[0-9-]{10} [0-9:]{8}$', abs(b - extract(epoch from now())) < 100, c = (now() at time zone 'UTC')::date, d, e, f, g is not null, h, i, encode(j, 'hex')`,
        rows: [[true, true, true, false, "it's", 7, true, null, null, '00ff']],
      },
    ],
    lists: ['default of t.h'],
  },
  {
    number: 34,
    name: 'CHECKs in SQLite’s own functions',
    build: `create table t (id integer primary key, a text check (a glob 'x*'), b integer check (typeof(b) = 'integer'), c integer constraint positive check (c > 0 and c in (1, 2, 3)));
      insert into t values (1, 'xa', 5, 1)`,
    refuses: [`insert into t values (2, 'a', 5, -1)`],
    gives: [
      {
        sql: `select conname from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace`,
        rows: [['positive']],
      },
    ],
    lists: ['check of t', 'check of t'],
  },
  {
    number: 35,
    name: 'partial and expression indexes',
    build: `create table t (id integer primary key, a text, done boolean not null default 0);
      create unique index open_only on t (a) where done = 0; create index lowered on t (lower(a)); create index odd on t (hex(a));
      insert into t values (1, 'x', 1), (2, 'x', 1), (3, 'x', 0)`,
    gives: [
      {
        sql: `select indexname from pg_indexes where tablename = 't' order by 1`,
        rows: [['lowered'], ['open_only'], ['t_pkey']],
      },
    ],
    refuses: [`insert into t values (4, 'x', false)`],
    lists: ['index odd'],
  },
  {
    number: 36,
    name: 'views and triggers',
    build: `create table t (id integer primary key, n integer, touched integer default 0); insert into t values (1, 5, 0), (2, 7, 0);
      create view doubled (id, twice) as select id, n * 2 from t where n > 5; create view above as select twice from doubled;
      create view broken as select date(n) from t;
      create trigger touch after update of n on t begin update t set touched = touched + 1 where id = new.id; end;
      create trigger guard before insert on t when new.n < 0 begin select raise(abort, 'no negatives'); end;
      create trigger odd after delete on t begin insert or replace into t values (old.id, 0, 0); end`,
    gives: [
      { sql: 'select id, twice from doubled', rows: [[2, 14]] },
      { sql: 'select twice from above', rows: [[14]] },
      { sql: 'update t set n = 6 where id = 1', rows: [] },
      { sql: 'select touched from t where id = 1', rows: [[1]] },
    ],
    refuses: ['insert into t values (9, -1, 0)'],
    lists: ['trigger odd', 'view broken'],
  },
  {
    number: 37,
    name: 'virtual tables and their shadows',
    build: `create virtual table search using fts5 (body); insert into search values ('hello'); create virtual table box using rtree (id, x0, x1);
      create table t (id integer primary key); insert into t values (1)`,
    finds: [{ kind: 'shadow-tables', count: 8 }],
    gives: [
      {
        sql: `select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
        rows: [['t']],
      },
    ],
    lists: ['virtual table search', 'virtual table box'],
  },
  {
    number: 40,
    name: 'division by zero',
    build: `create table t (id integer primary key, a integer, b integer); insert into t values (1, 5, 2), (2, 5, 0);
      create view v as select id, a / b as q, a % b as r, a / 2 as h from t`,
    gives: [
      {
        sql: 'select q, r, h from v order by id',
        rows: [
          [2, 1, 2],
          [null, null, 2],
        ],
      },
    ],
  },
  {
    number: 41,
    name: 'bare columns beside GROUP BY',
    build: `create table t (id integer primary key, a text, b text); create view v as select a, b, count(*) as n from t group by a`,
    lists: ['view v'],
  },
  {
    number: 42,
    name: 'loose comparisons',
    build: `create table t (id integer primary key, a text, n integer, check (n < 'abc'), check (a)); insert into t values (1, '1', 5)`,
    lists: ['check of t', 'check of t'],
  },
  {
    number: 43,
    name: 'LIMIT -1 and group_concat',
    build: `create table t (id integer primary key); create view v as select id from t limit -1; create view w as select group_concat(id) from t`,
    lists: ['view v', 'view w'],
  },
  {
    number: 44,
    name: 'tables of an attached database stay where they are',
    build: (database) => {
      database.exec(
        `attach ':memory:' as other; create table t (id integer primary key); create table other.u (id); insert into t values (1)`,
      );
    },
    gives: [
      {
        sql: `select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
        rows: [['t']],
      },
    ],
  },
  {
    number: 45,
    name: 'tables that no application declares',
    build: `create table "made at run time" (x); insert into "made at run time" values ('a'), ('b')`,
    gives: [{ sql: 'select x from "made at run time" order by x', rows: [['a'], ['b']] }],
  },
  {
    number: 47,
    name: 'more columns than PostgreSQL takes',
    build: `create table t (${Array.from({ length: 1_700 }, (_, index) => `c${index}`).join(', ')})`,
    finds: [{ kind: 'too-many-columns', table: 't', count: 1_700 }],
    isRefused: true,
  },
];
