import { describe, expect, test } from 'vitest';
import { insertTarget } from './insert-target.js';

describe('insertTarget', () => {
  test.each([
    ['insert into "media" ("slug") values (?)', 'media'],
    ['INSERT OR REPLACE INTO media VALUES (1)', 'media'],
    ['replace into `odd ``name` values (1)', 'odd `name'],
    ['insert /* x */ into main . [media] select 1', 'media'],
    ['insert into media default values', 'media'],
    ['insert into media', 'media'],
    ['with x as (select 1), y as (values (1)) insert into "media" select * from x', 'media'],
    ['with x as (select 1) update media set a = 1', undefined],
    ['update media set a = 1', undefined],
    ['delete from media', undefined],
    ['select 1', undefined],
    ['', undefined],
  ])('%j inserts into %s', (sql, table) => {
    expect(insertTarget(sql)).toBe(table);
  });
});
