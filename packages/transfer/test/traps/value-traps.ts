import type { Trap } from './trap.js';

const type = (table: string, column: string): string =>
  `select format_type(atttypid, atttypmod) from pg_attribute where attrelid = '"${table}"'::regclass and attname = '${column}'`;

/** Traps that lie in single values. */
export const VALUE_TRAPS: readonly Trap[] = [
  {
    number: 1,
    name: 'text in an INTEGER column',
    build: `create table t (id integer primary key, n integer); insert into t values (1, 5), (2, 'many'), (3, 7)`,
    finds: [{ kind: 'wrong-class', table: 't', column: 'n', count: 1 }],
    isRefused: true,
    policies: ['wrong-class=quarantine'],
    gives: [
      {
        sql: 'select id, n from t order by id',
        rows: [
          [1, 5],
          [3, 7],
        ],
      },
      { sql: `select content->'n'->>'text' from sluice_transfer.quarantine`, rows: [['many']] },
    ],
    quarantined: 1,
  },
  {
    number: 2,
    name: 'a declared type of odd affinity',
    build: `create table t (id integer primary key, code string); insert into t values (1, '0123'), (2, '7')`,
    finds: [{ kind: 'odd-affinity', table: 't', column: 'code' }],
    gives: [{ sql: 'select code from t order by id', rows: [[123], [7]] }],
  },
  {
    number: 3,
    name: 'a blob in a TEXT column and an integer in a BLOB column',
    build: `create table t (id integer primary key, a text, b blob);
      insert into t values (1, 5, x'01'), (2, 'five', x'02'), (3, x'ff00', x'03'), (4, 'x', 12)`,
    finds: [
      { kind: 'wrong-class', table: 't', column: 'a', count: 1 },
      { kind: 'wrong-class', table: 't', column: 'b', count: 1 },
    ],
    isRefused: true,
    policies: ['wrong-class@t.a=convert:to-text', 'wrong-class@t.b=convert:to-null'],
    gives: [
      {
        sql: `select a, encode(b, 'hex') from t order by id`,
        rows: [
          ['5', '01'],
          ['five', '02'],
          ['ff00', '03'],
          ['x', null],
        ],
      },
    ],
  },
  {
    number: 4,
    name: 'booleans as 0, 1 and words',
    build: `create table t (id integer primary key, b boolean, c boolean);
      insert into t values (1, 1, 'true'), (2, 0, 'false'), (3, 'false', 't')`,
    finds: [{ kind: 'wrong-class', table: 't', column: 'b', count: 1 }],
    isRefused: true,
    policies: ['wrong-class=convert:words'],
    gives: [
      {
        sql: 'select b, c from t order by id',
        rows: [
          [true, true],
          [false, false],
          [false, true],
        ],
      },
    ],
  },
  {
    number: 5,
    name: 'dates in five forms in one column',
    build: `create table t (id integer primary key, at datetime);
      insert into t values (1, '2024-02-29 12:00:00'), (2, '2024-02-29 12:00:00.000'), (3, '2024-02-29T12:00:00'), (4, '2024-02-29 12:00'),
        (5, '2024-02-29T12:00:00Z'), (6, 1709208000), (7, 1709208000000), (8, 2460370.0 + 0.000001 - 0.000001 + 0.5), (9, '2024-02-31 00:00:00')`,
    finds: [
      { kind: 'wrong-form', table: 't', column: 'at', count: 2 },
      { kind: 'wrong-class', table: 't', column: 'at', count: 3 },
    ],
    isRefused: true,
    policies: ['wrong-form@t.at=quarantine', 'wrong-class@t.at=convert:any-date'],
    gives: [
      {
        sql: 'select distinct at::text from t where id <> 8',
        rows: [['2024-02-29 12:00:00']],
      },
      { sql: 'select count(*)::int from t', rows: [[7]] },
    ],
    quarantined: 2,
  },
  {
    number: 6,
    name: 'times with and without a zone',
    build: `create table t (id integer primary key, a datetime, b datetime);
      insert into t values (1, '2024-05-01 10:00:00', '2024-05-01T10:00:00Z'), (2, '2024-05-01 11:00:00.123', '2024-05-01T12:00:00+02:00')`,
    finds: [
      { kind: 'no-zone', table: 't', column: 'a' },
      { kind: 'offsets', table: 't', column: 'b' },
    ],
    gives: [
      { sql: type('t', 'a'), rows: [['timestamp(3) without time zone']] },
      { sql: type('t', 'b'), rows: [['timestamp(3) with time zone']] },
      {
        sql: `select a::text, (b at time zone 'UTC')::text from t order by id`,
        rows: [
          ['2024-05-01 10:00:00', '2024-05-01 10:00:00'],
          ['2024-05-01 11:00:00.123', '2024-05-01 10:00:00'],
        ],
      },
    ],
  },
  {
    number: 7,
    name: 'empty and zero dates',
    build: `create table t (id integer primary key, d date);
      insert into t values (1, '2024-01-01'), (2, '2024-01-02'), (3, '2024-01-03'), (4, ''), (5, '0000-00-00'), (6, 0)`,
    finds: [
      { kind: 'wrong-form', table: 't', column: 'd', count: 2 },
      { kind: 'wrong-class', table: 't', column: 'd', count: 1 },
    ],
    isRefused: true,
    policies: ['wrong-form=convert:to-null', 'wrong-class=convert:to-null'],
    gives: [{ sql: 'select count(d)::int, count(*)::int from t', rows: [[3, 6]] }],
  },
  {
    number: 8,
    name: 'U+0000 in text',
    build: `create table t (id integer primary key, v text); insert into t values (1, 'a' || char(0) || 'b'), (2, 'plain')`,
    finds: [{ kind: 'nul-in-text', table: 't', column: 'v', count: 1 }],
    isRefused: true,
    policies: ['nul-in-text=convert:strip-nul'],
    gives: [{ sql: 'select v from t order by id', rows: [['ab'], ['plain']] }],
  },
  {
    number: 9,
    name: 'text that is no UTF-8, beside U+FFFD itself',
    build: `create table t (id integer primary key, v text);
      insert into t values (1, cast(x'636166e9' as text)), (2, 'plain'), (3, char(65533))`,
    finds: [{ kind: 'invalid-utf8', table: 't', column: 'v', count: 1 }],
    isRefused: true,
    policies: ['invalid-utf8=convert:latin1'],
    gives: [{ sql: 'select v from t order by id', rows: [['café'], ['plain'], ['\uFFFD']] }],
  },
  {
    number: 10,
    name: 'the width of integers',
    build: `create table t (id integer primary key, small integer, big integer, huge integer);
      insert into t values (1, 5, 4000000000, 9223372036854775807), (2, -5, 1, -9223372036854775807 - 1)`,
    finds: [{ kind: 'wide-integer', table: 't', column: 'big' }],
    gives: [
      { sql: type('t', 'small'), rows: [['integer']] },
      { sql: type('t', 'big'), rows: [['bigint']] },
      {
        sql: 'select huge::text from t order by id',
        rows: [['9223372036854775807'], ['-9223372036854775808']],
      },
    ],
  },
  {
    number: 11,
    name: 'an integer that overflowed to a real',
    build: `create table t (id integer primary key, n integer); insert into t values (1, 5), (2, 9223372036854775808)`,
    finds: [{ kind: 'integer-overflow', table: 't', column: 'n' }],
    gives: [{ sql: 'select n::text from t order by id', rows: [['5'], ['9.223372036854776e+18']] }],
  },
  {
    number: 12,
    name: 'integers beyond 2^53',
    build: `create table t (id integer primary key, n integer); insert into t values (1, 9007199254740993), (2, -9007199254740993)`,
    gives: [
      { sql: 'select n::text from t order by id', rows: [['9007199254740993'], ['-9007199254740993']] },
    ],
  },
  {
    number: 13,
    name: 'DECIMAL is rounded when it is written',
    build: `create table t (id integer primary key, price decimal(10, 2), total decimal(22, 2));
      insert into t values (1, 12.5, 12345678901234567890.12), (2, 7, 1.25)`,
    finds: [{ kind: 'rounded-decimal', table: 't', column: 'total' }],
    gives: [
      { sql: type('t', 'price'), rows: [['numeric(10,2)']] },
      {
        sql: 'select price::text, total::text from t order by id',
        rows: [
          ['12.50', '1.2345678901234567e+19'],
          ['7.00', '1.25'],
        ],
      },
    ],
  },
  {
    number: 14,
    name: 'infinity and negative zero',
    build: `create table t (id integer primary key, r real); insert into t values (1, 9e999), (2, -9e999), (3, -0.0), (4, 0.1)`,
    gives: [
      { sql: 'select r::text from t order by id', rows: [['Infinity'], ['-Infinity'], ['0'], ['0.1']] },
    ],
  },
  {
    number: 15,
    name: 'text longer than its VARCHAR',
    build: `create table t (id integer primary key, v varchar(3), w varchar(3)); insert into t values (1, 'toolong', 'ok'), (2, 'ok', 'äöü')`,
    finds: [{ kind: 'over-long', table: 't', column: 'v' }],
    gives: [
      { sql: type('t', 'v'), rows: [['text']] },
      { sql: type('t', 'w'), rows: [['character varying(3)']] },
    ],
  },
  {
    number: 16,
    name: 'empty text beside NULL',
    build: `create table t (id integer primary key, v text); insert into t values (1, ''), (2, null), (3, 'x')`,
    finds: [{ kind: 'empty-and-null', table: 't', column: 'v', count: 1 }],
    gives: [{ sql: 'select v from t order by id', rows: [[''], [null], ['x']] }],
  },
  {
    number: 39,
    name: 'JSON keeps its text',
    build: `create table t (id integer primary key, j json); insert into t values (1, '{"b": 1, "a": 2, "a": 3}'), (2, '[1,  2]'), (3, 'not json')`,
    finds: [{ kind: 'wrong-form', table: 't', column: 'j', count: 1 }],
    isRefused: true,
    policies: ['wrong-form=convert:to-null'],
    gives: [
      { sql: 'select j::text from t order by id', rows: [['{"b": 1, "a": 2, "a": 3}'], ['[1,  2]'], [null]] },
    ],
  },
  {
    number: 50,
    name: 'uuids as text',
    build: `create table t (id uuid primary key, other uuid);
      insert into t values ('123e4567-e89b-12d3-a456-426614174000', '123E4567-E89B-12D3-A456-426614174000')`,
    finds: [{ kind: 'uuid-text', table: 't', column: 'other' }],
    gives: [
      { sql: type('t', 'id'), rows: [['uuid']] },
      { sql: 'select other::text from t', rows: [['123E4567-E89B-12D3-A456-426614174000']] },
    ],
  },
];
