import { describe, expect, test } from 'vitest';
import { statementKind, targetTable } from './statement.js';

describe('statementKind', () => {
  test.each([
    ['select 1', 'query'],
    ['  -- a comment\n/* another */ SELECT 1', 'query'],
    ['; ;\tvalues (1)', 'query'],
    ['with x as (select 1) insert into t select * from x', 'query'],
    ['explain delete from t', 'query'],
    ['insert into t values (1)', 'write'],
    ['(select 1)', 'write'],
    ['', 'write'],
    ['begin exclusive', 'transaction'],
    ['COMMIT;', 'transaction'],
    ['end', 'transaction'],
    ['rollback', 'transaction'],
    ['rollback transaction', 'transaction'],
    ['rollback to a', 'savepoint'],
    ['ROLLBACK TRANSACTION TO SAVEPOINT a', 'savepoint'],
    ['release a', 'savepoint'],
    ['create table t (a)', 'schema'],
    ['create  temp view v as select 1', 'schema'],
    ['create temporary table t (a)', 'schema'],
    ['attach "x" as y', 'connection'],
    ['vacuum into "x"', 'solo'],
    ['pragma foreign_keys', 'pragma'],
    ['/* unended', 'write'],
  ])('%j is of kind %s', (sql, kind) => {
    expect(statementKind(sql)).toBe(kind);
  });
});

describe('targetTable', () => {
  test.each([
    ['insert into "media" ("slug") values (?)', 'media'],
    ['INSERT OR REPLACE INTO media VALUES (1)', 'media'],
    ['update "odd ""name" set a = 1', 'odd "name'],
    ['delete from media where a', 'media'],
    ['with x as (select 1) delete from media', undefined],
    ['select 1', undefined],
  ])('%j names %s', (sql, table) => {
    expect(targetTable(sql)).toBe(table);
  });
});
