import { existsSync } from 'node:fs';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { transferBack } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

const TABLE = `
  create table t (id integer primary key, r double precision, n numeric, d date, at timestamptz(3), v text);
  insert into t values (1, 'NaN', 1.5, '2024-02-29', '2024-02-29 12:00Z', 'a'), (2, '-0', 'NaN', 'infinity', 'infinity', 'b'),
    (3, 'infinity', '-1e40', '0001-01-01', '9999-12-31 23:59:59.999Z', 'c'), (4, null, null, null, null, null);
  create table big (id integer primary key, v text);
  insert into big values (1, repeat('x', 70000000)), (2, 'small')`;

describe('the way back', () => {
  it('refuses what SQLite cannot hold before anything is written, and follows policies', async () => {
    const source = await temporaryPostgresUrl();
    await queryValues(source, TABLE);
    const target = await temporarySqlitePath();
    const refused = await transferBack({ source, target });
    expect(refused.outcome).toBe('refused');
    const found = refused.findings.map(({ kind, table, column, count, keys }) => [
      kind,
      table,
      column,
      count,
      keys,
    ]);
    expect(found).toEqual([
      ['too-large', 'big', 'v', 1, ['id = 1']],
      ['out-of-range', 't', 'r', 2, ['id = 1', 'id = 2']],
      ['out-of-range', 't', 'n', 1, ['id = 2']],
      ['out-of-range', 't', 'd', 1, ['id = 2']],
      ['out-of-range', 't', 'at', 1, ['id = 2']],
    ]);
    expect([existsSync(target), existsSync(`${target}.partial`)]).toEqual([false, false]);

    const policies = {
      'out-of-range@t.r': 'convert:to-null',
      'out-of-range': 'quarantine',
      'too-large': 'convert:to-null',
    } as const;
    expect(await transferBack({ source, target, policies, dryRun: true })).toMatchObject({
      outcome: 'planned',
    });
    expect(existsSync(`${target}.partial`)).toBe(false);
    const moved = await transferBack({ source, target, policies });
    expect(moved).toMatchObject({ outcome: 'done' });
    expect(moved.verified.map(({ isEqual }) => isEqual)).toEqual([true, true]);
    const database = new Sqlite(target, { readonly: true });
    expect(database.prepare('select id, r, n, d, v from t order by id').raw().all()).toEqual([
      [1, null, '1.5', '2024-02-29', 'a'],
      [3, Number.POSITIVE_INFINITY, `-1${'0'.repeat(40)}`, '0001-01-01', 'c'],
      [4, null, null, null, null],
    ]);
    expect(database.prepare('select id, v from big order by id').raw().all()).toEqual([
      [1, null],
      [2, 'small'],
    ]);
    const [row] = database
      .prepare('select table_name, content from sluice_quarantine')
      .raw()
      .all() as string[][];
    expect([row?.[0], JSON.parse(row?.[1] ?? '')]).toMatchObject([
      't',
      { id: '2', r: '-0', n: 'NaN', d: 'infinity', at: 'infinity', v: 'b' },
    ]);
    const names = database.prepare(`select name from sqlite_schema where type = 'table'`).pluck().all();
    expect(names.filter((name) => /sluice_(?:transfer|progress)/.test(String(name)))).toEqual([]);
    database.close();
  });

  it('goes on after an interruption: what is as it was stays, what has changed is copied again', async () => {
    const source = await temporaryPostgresUrl();
    await queryValues(
      source,
      `create table a (id integer primary key, v text); create table b (id integer primary key, v text); create table c (id integer primary key, v text);
       insert into a select i, 'a' || i from generate_series(1, 20000) i; insert into b select * from a; insert into c select * from a`,
    );
    const target = await temporarySqlitePath();
    await interruptAt(source, target, 'c');
    await expect(transferBack({ source, target })).rejects.toThrow('--resume');
    await queryValues(source, `update b set v = 'changed' where id = 7; delete from b where id = 8`);
    const copied = new Set<string | undefined>();
    const resumed = await transferBack({
      source,
      target,
      resume: true,
      onProgress: ({ phase, table }) => phase === 'copy' && copied.add(table),
    });
    expect(resumed).toMatchObject({ outcome: 'done' });
    expect(resumed.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['a', 20_000],
      ['b', 19_999],
      ['c', 20_000],
    ]);
    expect([...copied].filter((table) => table !== undefined)).toEqual(['b', 'c']);
    const database = new Sqlite(target, { readonly: true });
    expect(database.prepare('select v from b where id = 7').pluck().get()).toBe('changed');
    database.close();
  });

  it('does not go on with tables that are others by now', async () => {
    const source = await temporaryPostgresUrl();
    await queryValues(
      source,
      `create table a (id integer primary key, v text); insert into a select i, 'v' from generate_series(1, 20000) i`,
    );
    const target = await temporarySqlitePath();
    await interruptAt(source, target, 'a');
    await queryValues(source, 'alter table a add column more text');
    await expect(transferBack({ source, target, resume: true })).rejects.toThrow('--replace');
    expect(await transferBack({ source, target, replace: true })).toMatchObject({ outcome: 'done' });
  });

  it('gives a parent the rows of the tables that inherit from it, as its readers saw it, and says so', async () => {
    const source = await temporaryPostgresUrl();
    await queryValues(
      source,
      `create table place (id integer primary key, name text); create table city (mayor text) inherits (place);
       insert into place values (1, 'hill'); insert into city values (2, 'town', 'Ann')`,
    );
    const target = await temporarySqlitePath();
    expect(await transferBack({ source, target })).toMatchObject({
      outcome: 'done',
      untranslated: [{ object: 'inheritance of city', sql: 'alter table city inherit place' }],
    });
    const database = new Sqlite(target, { readonly: true });
    expect(database.prepare('select id, name from place order by id').raw().all()).toEqual([
      [1, 'hill'],
      [2, 'town'],
    ]);
    expect(database.prepare('select id, name, mayor from city').raw().all()).toEqual([[2, 'town', 'Ann']]);
    database.close();
  });
});

/** Stops a transfer in the middle of a table. */
async function interruptAt(source: string, target: string, at: string): Promise<void> {
  const stop = new AbortController();
  const interrupted = transferBack({
    source,
    target,
    signal: stop.signal,
    onProgress: ({ phase, table }) => {
      if (phase === 'copy' && table === at) stop.abort();
    },
  });
  await expect(interrupted).rejects.toMatchObject({ code: 'aborted' });
  expect([existsSync(target), existsSync(`${target}.partial`)]).toEqual([false, true]);
}
