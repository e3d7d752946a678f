import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { transfer } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import pg from 'pg';
import { expect, it } from 'vitest';

/** Several batches of rows. */
const ROWS = 2_345;

it('reads tables without a rowid in batches, whatever their keys hold', async () => {
  const source = await temporarySqlitePath();
  const database = new Sqlite(source);
  database.exec(`
    create table tag (event integer, name text collate nocase, weight integer, primary key (event, name)) without rowid;
    create table back (at text, id integer, primary key (at desc, id)) without rowid;
    create table bytes (k blob primary key, n integer) without rowid;
    create table torn (k text primary key, n integer) without rowid;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into tag select i / 7, 'Näme-' || i, i from n;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into back select 'day ' || (i / 3), i from n;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into bytes select randomblob(16), i from n;
    -- U+FFFD is what bytes that are no UTF-8 read as; as itself it is a character like any other.
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into torn select case when i % 50 = 0 or i > 1000 then '\u{fffd}' else '' end || i, i from n`);
  database.close();
  const target = await temporaryPostgresUrl();
  const report = await transfer({ source, target });
  expect(report.outcome).toBe('done');
  expect(report.tables.map(({ table, rows, quarantined }) => [table, rows, quarantined]).sort()).toEqual([
    ['back', ROWS, 0],
    ['bytes', ROWS, 0],
    ['tag', ROWS, 0],
    ['torn', ROWS, 0],
  ]);
  const client = new pg.Client({ connectionString: target });
  await client.connect();
  const { rows } = await client.query('select count(distinct id)::int, sum(id)::int from back');
  await client.end();
  expect(rows).toEqual([{ count: ROWS, sum: (ROWS * (ROWS + 1)) / 2 }]);
});

it('refuses a table without a rowid whose key is no UTF-8, by name and before anything is written', async () => {
  const source = await temporarySqlitePath();
  const database = new Sqlite(source);
  database.exec(`create table early (k text primary key, n integer) without rowid;
    insert into early values (cast(x'80' as text), 1)`);
  database.close();
  const target = await temporaryPostgresUrl();
  const moved = transfer({ source, target, policies: { 'invalid-utf8': 'quarantine' } });
  await expect(moved).rejects.toThrow(/"early" has no rowid, and a key of it holds text that is no UTF-8/);
});
