import { expect, test } from 'vitest';
import { effectsOf } from './statement-effects.js';

test.each([
  'call p()',
  'CALL p()',
  '-- first\ncall p()',
  '/* a /* nested */ insert */ call p()',
  '  (/*x*/--y\r\ncall p()',
  ';call p()',
  'do $$ begin commit; end $$',
  'commit',
  'end',
  'prepare transaction $$x$$',
  "commit prepared 'x'",
  'vacuum t',
  'analyze',
  'cluster t',
  'reindex table t',
  'create index concurrently i on t (a)',
  'drop index concurrently i',
  'create database d',
  'alter system set work_mem = 1',
  'alter table t detach partition p concurrently',
  'drop tablespace s',
  'create subscription s connection $$ $$ publication p',
  'execute x',
  '',
])('may commit before it is completed: %s', (text) => {
  expect(effectsOf(text).mayCommit).toBe(true);
});

test.each([
  'insert into t values (1)',
  '/* call p() */ insert into call values (1)',
  'with x as (select 1) insert into t select * from x',
  '(select 1) union (select 2)',
  'update t set a = 1',
  'delete from t',
  'merge into t using u on true when matched then delete',
  'copy t (a) from stdin',
  'table t',
  'values (1)',
  'create table t (a integer)',
  'create index i on t (a)',
  'alter table t add column b text',
  'truncate t',
  'begin isolation level serializable read write',
  'set session characteristics as transaction isolation level serializable, read write',
])('commits nothing before it is completed: %s', (text) => {
  expect(effectsOf(text).mayCommit).toBe(false);
});

test('COMMIT alone commits everything or nothing', () => {
  expect(['commit', ' COMMIT; '].map((text) => effectsOf(text).isCommit)).toStrictEqual([true, true]);
  expect(
    ["commit prepared 'x'", 'call commit()', 'end'].map((text) => effectsOf(text).isCommit),
  ).toStrictEqual([false, false, false]);
});
