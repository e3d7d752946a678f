import { expect, test } from 'vitest';
import { effectOf } from './row-effect.js';

test.each([
  ['DELETE FROM T where a = 1', { kind: 'delete', table: 't' }],
  ['delete from "main"."my ""t" returning *', { kind: 'delete', table: 'my "t' }],
  ['/* x */ with a as (select 1), "delete" as (select 2) delete from [t]', { kind: 'delete', table: 't' }],
  ['insert into t (a) select b from c', { kind: 'insert', table: 't' }],
  ['insert into t values (1) on conflict do nothing', undefined],
  ['insert or ignore into t values (1)', undefined],
  ['insert or replace into t values (1)', { kind: 'replace', table: 't' }],
  ['replace into t values (1)', { kind: 'replace', table: 't' }],
  ['update or replace t set a = 1', { kind: 'replace', table: 't' }],
  ['update t set a = 1', undefined],
  ['drop table if exists t;', { kind: 'drop', table: 't' }],
  ['drop index t', undefined],
  ['alter table t rename to "T2"', { kind: 'rename', table: 't', to: 't2' }],
  ['alter table t rename column a to b', undefined],
  ['alter table t rename a to b', undefined],
  ['savepoint "A"', { kind: 'savepoint', name: 'a' }],
  ['rollback transaction to savepoint a;', { kind: 'rollback_to', name: 'a' }],
  ['select 1', undefined],
  ['', undefined],
])('%s', (sql, effect) => {
  expect(effectOf(sql)).toStrictEqual(effect);
});
