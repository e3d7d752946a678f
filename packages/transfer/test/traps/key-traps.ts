import type { Trap } from './trap.js';

/** Traps of keys, identities and references. */
export const KEY_TRAPS: readonly Trap[] = [
  {
    number: 18,
    name: 'NULL in a primary key',
    build: `create table t (code text primary key, v text); insert into t values (null, 'a'), (null, 'b'), ('x', 'c');
      create table w (a text, b text, primary key (a, b)) without rowid; insert into w values ('1', '2')`,
    finds: [
      { kind: 'null-key', table: 't', column: 'code', count: 2 },
      { kind: 'without-rowid', table: 'w' },
    ],
    isRefused: true,
    policies: ['null-key=convert:unique'],
    gives: [
      {
        sql: 'select code, v from t order by v',
        rows: [
          [null, 'a'],
          [null, 'b'],
          ['x', 'c'],
        ],
      },
    ],
    refuses: [`insert into t values ('x', 'again')`, `insert into w values ('1', '2')`],
  },
  {
    number: 19,
    name: 'a table without a primary key, with equal rows',
    build: `create table t (a text, b integer); insert into t values ('x', 1), ('x', 1), (null, 2)`,
    finds: [{ kind: 'no-primary-key', table: 't' }],
    gives: [
      {
        sql: 'select a, b from t order by b',
        rows: [
          ['x', 1],
          ['x', 1],
          [null, 2],
        ],
      },
    ],
  },
  {
    number: 19,
    name: 'rowids beyond 2^53 that no column shows',
    build: `create table t (v text); insert into t (rowid, v) values (9223372036854775807, 'last'), (9223372036854775806, 'before' || char(65533)), (-9223372036854775807 - 1, 'first');
      with recursive n (i) as (select 1 union all select i + 1 from n where i < 2000) insert into t (rowid, v) select 9007199254740990 + i, 'n' || i from n`,
    gives: [{ sql: 'select count(*)::int, count(distinct v)::int from t', rows: [[2003, 2003]] }],
  },
  {
    number: 20,
    name: 'AUTOINCREMENT’s mark above the highest id, and of an empty table',
    build: `create table t (id integer primary key autoincrement, v text); insert into t values (100, 'a'); delete from t;
      create table u (id integer primary key autoincrement); insert into u values (7); insert into u values (9); delete from u where id = 9`,
    gives: [
      { sql: `insert into t (v) values ('next') returning id`, rows: [[101]] },
      { sql: 'insert into u default values returning id', rows: [[10]] },
    ],
  },
  {
    number: 21,
    name: 'a rowid that SQLite would give again',
    build: `create table t (id integer primary key, v text); insert into t values (1, 'a'), (2, 'b'), (3, 'c'); delete from t where id = 3`,
    finds: [{ kind: 'reused-ids', table: 't', column: 'id' }],
    gives: [{ sql: `insert into t (v) values ('next') returning id`, rows: [[3]] }],
  },
  {
    number: 22,
    name: 'the next number of an identity',
    build: `create table t (id integer primary key, v text); insert into t values (5, 'a');
      create table empty (id integer primary key, v text)`,
    gives: [
      { sql: `insert into t (v) values ('b') returning id`, rows: [[6]] },
      { sql: `insert into empty (v) values ('b') returning id`, rows: [[1]] },
    ],
  },
  {
    number: 23,
    name: 'foreign keys that point nowhere',
    build: (database) => {
      database.pragma('foreign_keys = off');
      database.exec(`create table p (id integer primary key); insert into p values (1);
        create table c (id integer primary key, p integer references p (id), v text); insert into c values (1, 1, 'ok'), (2, 9, 'orphan'), (3, null, 'none')`);
    },
    finds: [{ kind: 'orphan', table: 'c', count: 1 }],
    isRefused: true,
    policies: ['orphan=quarantine'],
    gives: [
      {
        sql: 'select id, p, v from c order by id',
        rows: [
          [1, 1, 'ok'],
          [3, null, 'none'],
        ],
      },
      {
        sql: `select reason, content->'v'->>'text' from sluice_transfer.quarantine`,
        rows: [['orphan', 'orphan']],
      },
    ],
    refuses: ['insert into c values (4, 9)'],
    quarantined: 1,
  },
  {
    number: 23,
    name: 'foreign keys that point nowhere, left as they are',
    build: (database) => {
      database.pragma('foreign_keys = off');
      database.exec(`create table p (id integer primary key); insert into p values (1);
        create table c (id integer primary key, p integer references p (id)); insert into c values (1, 1), (2, 9)`);
    },
    finds: [{ kind: 'orphan', table: 'c', count: 1 }],
    isRefused: true,
    policies: ['orphan=convert:not-valid'],
    gives: [
      {
        sql: 'select id, p from c order by id',
        rows: [
          [1, 1],
          [2, 9],
        ],
      },
    ],
    refuses: ['insert into c values (3, 9)'],
  },
  {
    number: 24,
    name: 'a foreign key of another type than what it refers to',
    build: `create table p (id uuid primary key, n integer unique); create table c (p char(36) references p (id), n integer references p (n));
      insert into p values ('123e4567-e89b-12d3-a456-426614174000', 5000000000); insert into c values ('123e4567-e89b-12d3-a456-426614174000', null)`,
    gives: [{ sql: 'select count(*)::int from c join p on p.id = c.p', rows: [[1]] }],
    refuses: [`insert into c values ('nobody', null)`, 'insert into c values (null, 6000000000)'],
  },
  {
    number: 25,
    name: 'foreign keys in a circle, composite and to the same table',
    build: `create table a (id integer primary key, b integer references b (id) deferrable initially deferred, parent integer references a (id) on delete cascade);
      create table b (x integer, y integer, id integer primary key references a (id), unique (x, y));
      create table c (x integer, y integer, foreign key (x, y) references b (x, y) on update cascade);
      begin; insert into a values (1, 1, null), (2, null, 1); insert into b values (7, 8, 1); insert into c values (7, 8), (7, null); commit`,
    gives: [
      {
        sql: `select count(*)::int from pg_constraint where contype = 'f' and convalidated and connamespace = 'public'::regnamespace`,
        rows: [[4]],
      },
      { sql: `select condeferred from pg_constraint where conname = 'a_b_fkey'`, rows: [[true]] },
    ],
    refuses: ['insert into c values (1, 2)'],
  },
  {
    number: 26,
    name: 'COLLATE NOCASE in a unique key',
    build: `create table t (id integer primary key, email text collate nocase unique, "group" text);
      create unique index by_group on t ("group" collate nocase); insert into t values (1, 'Anna@x.org', 'Ä'), (2, 'bob@x.org', 'ä')`,
    finds: [{ kind: 'collation', table: 't', column: 'email' }],
    gives: [{ sql: 'select email from t order by id', rows: [['Anna@x.org'], ['bob@x.org']] }],
    refuses: [`insert into t values (3, 'ANNA@X.ORG', 'c')`],
  },
  {
    number: 27,
    name: 'text sorts by code point',
    build: `create table t (id integer primary key, v text); insert into t values (1, 'b'), (2, 'B'), (3, 'ä'), (4, 'a')`,
    gives: [{ sql: 'select v from t order by v', rows: [['B'], ['a'], ['b'], ['ä']] }],
  },
  {
    number: 28,
    name: 'indexes keep SQLite’s place of NULLs',
    build: `create table t (id integer primary key, v text, w text); create index by_v on t (v, w desc)`,
    gives: [
      {
        sql: `select indexdef from pg_indexes where indexname = 'by_v'`,
        rows: [['CREATE INDEX by_v ON public.t USING btree (v NULLS FIRST, w DESC NULLS LAST)']],
      },
    ],
  },
  {
    number: 38,
    name: 'STRICT tables and their ANY',
    build: `create table t (id integer primary key, n int, a any) strict; insert into t values (1, '5', 'text'), (2, 6, 'more')`,
    finds: [{ kind: 'strict', table: 't' }],
    gives: [
      {
        sql: 'select n, a from t order by id',
        rows: [
          [5, 'text'],
          [6, 'more'],
        ],
      },
    ],
  },
  {
    number: 49,
    name: 'indexes are there afterwards',
    build: `create table t (id integer primary key, a text, b text); create index one on t (a); create index two on t (b, a)`,
    gives: [
      {
        sql: `select indexname from pg_indexes where tablename = 't' order by 1`,
        rows: [['one'], ['t_pkey'], ['two']],
      },
    ],
  },
  {
    number: 47,
    name: 'keys that are too long for an index',
    build: `create table kv (key blob primary key, v integer); insert into kv values (randomblob(2692), 1), (randomblob(2693), 2);
      create table w (a text, b text, primary key (a, b)) without rowid; insert into w values ('short', hex(randomblob(1500)))`,
    finds: [
      { kind: 'long-key', table: 'kv', column: 'key', count: 1, keys: ['rowid = 2'], severity: 'problem' },
      { kind: 'long-key', table: 'w', count: 1, severity: 'problem' },
    ],
    isRefused: true,
    policies: ['long-key=convert:try'],
    lists: ['primary key of kv', 'primary key of w'],
    gives: [{ sql: 'select count(*)::int, max(v) from kv', rows: [[2, 2]] }],
  },
  {
    number: 47,
    name: 'long keys that can be compressed',
    build: `create table t (id integer primary key, k text unique, v text, w text); create index by_v on t (v, w);
      insert into t values (1, printf('%.3000c', 'a'), printf('%.2000c', 'b'), printf('%.2000c', 'c')), (2, 'x', 'y', null)`,
    finds: [
      { kind: 'long-key', table: 't', column: 'k', count: 1, severity: 'problem' },
      { kind: 'long-key', table: 't', count: 1, severity: 'note' },
    ],
    isRefused: true,
    policies: ['long-key@t.k=convert:try'],
    gives: [{ sql: `select count(*)::int from pg_indexes where tablename = 't'`, rows: [[3]] }],
    refuses: [`insert into t values (3, 'x')`],
  },
];
