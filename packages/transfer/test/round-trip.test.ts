import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { transfer, transferBack, verify } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';

const MIGRATIONS = new URL('./migrations/', import.meta.url);

const ROW = {
  title: 'tïtle',
  token: '123e4567-e89b-12d3-a456-426614174000',
  price: '12.50',
  bornOn: '2024-02-29',
  uploadedAt: new Date('2024-02-29T12:34:56.789Z'),
  isDone: true,
  settings: { b: [1, 1.5, null, 'x'], a: { 'ü"\\': true, long: 1e21 } },
  payload: Uint8Array.of(0, 1, 255),
  ratio: 0.1,
};

async function fill(url: string): Promise<void> {
  const storage = await openStorage<never>({
    url,
    drivers: [sqlite(), postgres()],
    migrations: MIGRATIONS,
    camelCase: true,
  });
  await storage.migrator.up();
  const samples = storage.repository('sample' as never, { key: 'id' as never });
  await samples.insertMany([
    ROW,
    { ...ROW, title: 'other', payload: null, ratio: null, price: '-0.01' },
  ] as never);
  await storage.close();
}

async function read(url: string): Promise<unknown[]> {
  const storage = await openStorage<never>({ url, drivers: [sqlite(), postgres()], camelCase: true });
  const rows = await storage
    .repository('sample' as never, { key: 'id' as never })
    .find({ orderBy: { id: 'asc' } } as never);
  await storage.close();
  return rows;
}

describe('a file of Sluice’s own', () => {
  it('goes to PostgreSQL and back, and the application reads the same values at every place', async () => {
    const source = await temporarySqlitePath();
    await fill(`sqlite:${source}`);
    const before = await read(`sqlite:${source}`);
    const target = await temporaryPostgresUrl();
    const there = await transfer({ source, target });
    expect(there).toMatchObject({ outcome: 'done', untranslated: [] });
    expect(await read(target)).toEqual(before);
    const back = await temporarySqlitePath();
    expect(await transferBack({ source: target, target: back })).toMatchObject({ outcome: 'done' });
    expect(await read(`sqlite:${back}`)).toEqual(before);
    const compared = await verify({ source: target, target: back });
    expect(compared).toMatchObject({ isEqual: true, missing: [] });
  });

  it('goes into tables that the migrations have made', async () => {
    const source = await temporarySqlitePath();
    await fill(`sqlite:${source}`);
    const target = await temporaryPostgresUrl();
    const storage = await openStorage({ url: target, drivers: [postgres()], migrations: MIGRATIONS });
    await storage.migrator.up();
    await storage.close();
    expect(await transfer({ source, target, schema: 'existing' })).toMatchObject({ outcome: 'done' });
    expect(await read(target)).toEqual(await read(`sqlite:${source}`));
    await fill(target);
    expect(await read(target)).toHaveLength(4);
  });
});

describe('existing tables', () => {
  it('are refused when a value does not fit their types, before anything is written', async () => {
    const source = await temporarySqlitePath();
    const database = new Sqlite(source);
    database.exec(
      'create table t (id integer primary key, n integer, extra text); insert into t values (1, 5, null), (2, 5000000000, null)',
    );
    database.close();
    const target = await temporaryPostgresUrl();
    await queryValues(target, 'create table t (id int primary key, n int, extra text)');
    const report = await transfer({ source, target, schema: 'existing' });
    expect(report.outcome).toBe('refused');
    expect(report.findings).toContainEqual(
      expect.objectContaining({ kind: 'out-of-range', table: 't', column: 'n', count: 1 }),
    );
    expect(await queryValues(target, 'select * from t')).toEqual([]);
    await queryValues(target, 'alter table t drop column extra');
    await expect(transfer({ source, target, schema: 'existing' })).rejects.toThrow('no column "t"."extra"');
  });

  it('take what their foreign keys allow when the policy for the other rows is quarantine', async () => {
    const source = await temporarySqlitePath();
    const database = new Sqlite(source);
    database.pragma('foreign_keys = off');
    database.exec(
      `create table p (id integer primary key); create table c (id integer primary key, p integer references p);
       insert into p values (1); insert into c values (1, 1), (2, 9), (3, null)`,
    );
    database.close();
    const target = await temporaryPostgresUrl();
    await queryValues(
      target,
      'create table p (id int primary key); create table c (id int primary key, p int references p)',
    );
    const to = { source, target, schema: 'existing' } as const;
    expect(await transfer(to)).toMatchObject({ outcome: 'refused' });
    expect(await queryValues(target, 'select * from p')).toEqual([]);
    expect(await transfer({ ...to, policies: { orphan: 'quarantine' } })).toMatchObject({ outcome: 'done' });
    expect(await queryValues(target, 'select id from c order by id')).toEqual([[1], [3]]);
    expect(await queryValues(target, 'select row_key, reason from sluice_transfer.quarantine')).toEqual([
      ['id = 2', 'orphan'],
    ]);
  });
});

describe('verify', () => {
  it('finds each changed, missing and extra row, and gives both versions', async () => {
    const source = await temporarySqlitePath();
    const database = new Sqlite(source);
    database.exec(`create table t (id integer primary key, v text); create table bag (v text)`);
    const insert = database.prepare('insert into t values (?, ?)');
    database.transaction(() => {
      for (let id = 1; id <= 5_000; id += 1) insert.run(id, `value ${id}`);
    })();
    database.exec(`insert into bag values ('a'), ('a'), ('b')`);
    database.close();
    const target = await temporaryPostgresUrl();
    await transfer({ source, target });
    expect(await verify({ source, target })).toMatchObject({ isEqual: true });
    await queryValues(
      target,
      `update t set v = 'changed' where id = 77; delete from t where id = 3000; insert into t values (9999, 'extra'); delete from bag where ctid = (select min(ctid) from bag)`,
    );
    const { isEqual, tables } = await verify({ source, target });
    expect(isEqual).toBe(false);
    const differences = tables.flatMap((table) => table.differences);
    expect(differences).toContainEqual({
      kind: 'changed',
      key: 'id = 77',
      columns: [{ name: 'v', source: '"value 77"', target: '"changed"' }],
    });
    expect(differences).toContainEqual({ kind: 'missing', key: 'id = 3000', columns: [] });
    expect(differences).toContainEqual({ kind: 'extra', key: 'id = 9999', columns: [] });
    expect(differences).toContainEqual({ kind: 'missing', key: 'v = "a"', columns: [] });
    expect(differences).toHaveLength(4);
  });

  it('tells storage classes of SQLite apart', async () => {
    const [one, other] = [await temporarySqlitePath(), await temporarySqlitePath()];
    for (const [path, value] of [
      [one, '1'],
      [other, `'1'`],
    ] as const) {
      const database = new Sqlite(path);
      database.exec(`create table t (id integer primary key, v); insert into t values (1, ${value})`);
      database.close();
    }
    expect(await verify({ source: one, target: other })).toMatchObject({ isEqual: false });
    expect(await verify({ source: one, target: one })).toMatchObject({ isEqual: true });
  });
});

describe('the binary form of values', () => {
  it('is what PostgreSQL itself reads of their text', async () => {
    const source = await temporarySqlitePath();
    const database = new Sqlite(source);
    database.exec(
      'create table t (id integer primary key, n decimal(30, 8), d date, at datetime, z timestamptz, r real, big bigint, written text)',
    );
    const insert = database.prepare('insert into t values (?, ?, ?, ?, ?, ?, ?, ?)');
    const numbers = [
      '0',
      '0.00000001',
      '-1',
      '9999',
      '10000',
      '99999999',
      '-12345.6789',
      '100000000.5',
      '0.5',
      '1e-8',
      '123456789012.125',
    ];
    const days = [
      '0001-01-01',
      '9999-12-31',
      '2000-02-29',
      '1999-12-31',
      '1900-03-01',
      '2000-01-01',
      '1582-10-15',
      '2024-02-29',
      '1970-01-01',
      '1969-12-31',
      '2038-01-19',
    ];
    numbers.forEach((number, index) => {
      const at = `${days[index]} 23:59:59.${String(index * 99).padStart(3, '0')}`;
      insert.run(
        index,
        Number(number),
        days[index],
        at,
        `${at.replace(' ', 'T')}Z`,
        Number(number),
        BigInt(index) * 10n ** 17n,
        [Number(number).toFixed(8), days[index], at].join(' | '),
      );
    });
    database.close();
    const target = await temporaryPostgresUrl();
    expect(await transfer({ source, target })).toMatchObject({ outcome: 'done' });
    const wrong = await queryValues(
      target,
      `select id, written, concat_ws(' | ', n::text, d::text, to_char(at, 'YYYY-MM-DD HH24:MI:SS.MS')) from t
      where written <> concat_ws(' | ', n::text, d::text, to_char(at, 'YYYY-MM-DD HH24:MI:SS.MS')) or at <> z at time zone 'UTC' or r <> n::float8 or big <> id * 100000000000000000`,
    );
    expect(wrong).toEqual([]);
    expect(await queryValues(target, 'select count(*)::int from t')).toEqual([[numbers.length]]);
  });
});
