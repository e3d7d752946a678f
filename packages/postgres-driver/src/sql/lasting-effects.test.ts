import { expect, test } from 'vitest';
import { lastingEffectOf } from './lasting-effects.js';

function effect(sql: string, parameters: readonly unknown[] = []): string | undefined {
  return lastingEffectOf({ sql, parameters })?.what;
}

const SETTING = 'A setting';
const TEMPORARY = 'A temporary object';
const LOCK = 'An advisory lock';

test.each([
  [`set search_path = 'app'`, SETTING],
  ['SET SESSION statement_timeout = 1', SETTING],
  ['/* c */ set role reader', SETTING],
  ['set session characteristics as transaction read only', SETTING],
  ['set time zone local', SETTING],
  ['reset all', SETTING],
  ['discard all', SETTING],
  [`select set_config('app.tenant', 'a', false)`, SETTING],
  [`select "set_config"('app.tenant', 'a', false)`, SETTING],
  [`select pg_catalog.set_config(concat('a.', f(1, 2)), 'a', 1 > 2)`, SETTING],
  [`with a as (select set_config('a.b', 'c', false)) select * from a`, SETTING],
  [`update pg_settings set setting = 'a' where name = 'search_path'`, SETTING],
  [`with a as (update pg_catalog.pg_settings set setting = 'a' returning 1) select * from a`, SETTING],
  ['create temp table t (id integer)', TEMPORARY],
  ['create local temporary table t as select 1', TEMPORARY],
  ['create or replace temp view v as select 1', TEMPORARY],
  ['create temporary sequence s', TEMPORARY],
  ['create table pg_temp.t (id integer)', TEMPORARY],
  ['explain (analyze) create temp table t as select 1', TEMPORARY],
  ['select * into temp t from users', TEMPORARY],
  ['(select 1 as a into local temporary table t)', TEMPORARY],
  ['select pg_advisory_lock(1)', LOCK],
  ['SELECT PG_TRY_ADVISORY_LOCK_SHARED (1, 2)', LOCK],
  ['select pg_advisory_unlock_all()', LOCK],
  ['listen here', 'A listener'],
  ['unlisten *', 'A listener'],
  [`load 'plpgsql'`, 'A library'],
  ['prepare p as select 1', 'A prepared statement made in SQL'],
  ['deallocate all', 'A prepared statement made in SQL'],
  ['declare c cursor with hold for select 1', 'A cursor WITH HOLD'],
])('%s leaves something in the session', (sql, what) => {
  expect(effect(sql)).toBe(what);
});

test.each([
  `set local search_path = 'app'`,
  'set transaction read only',
  'set constraints all deferred',
  `select set_config('app.tenant', 'a', true)`,
  `select set_config('app.tenant', replace('a', ',', ')'), 't'::boolean)`,
  `select app.set_config('app.tenant', 'a', false)`,
  'select pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(1)',
  `select 'pg_advisory_lock(1)', "temp" from t`,
  'insert into temp (id) values (1)',
  'update templates set attempt = 1',
  'create temp table t (id integer) on commit drop',
  'create table t (temp integer)',
  'create view v as select * from pg_settings',
  'explain create temp table t as select 1',
  'declare c cursor for select 1',
  'notify here',
])('%s leaves nothing, as far as it shows', (sql) => {
  expect(effect(sql)).toBeUndefined();
});

test('a parameter says whether a setting is that of the transaction', () => {
  const sql = 'select set_config($1, $2, $3)';
  expect(effect(sql, ['a.b', 'c', true])).toBeUndefined();
  expect(effect(sql, ['a.b', 'c', 'on'])).toBeUndefined();
  expect(effect(sql, ['a.b', 'c', false])).toBe(SETTING);
  expect(effect(sql, ['a.b', 'c', null])).toBe(SETTING);
});
