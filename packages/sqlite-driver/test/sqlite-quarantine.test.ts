import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConflictError, CorruptError } from '@sluice/core';
import { checkIntegrity, type QuarantineReport, quarantine, restore } from '@sluice/sqlite-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { damage, pageCount } from './damaged-file.js';
import { openDatabase, temporaryFolder } from './opened-database.js';
import { startChild } from './processes/child.js';

const ROWS = 4000;

/** A file with every kind of table, and the rows of each as SQLite prints them. */
async function createFile(): Promise<string> {
  const path = `${await temporaryFolder()}/app.db`;
  const db = new Sqlite(path);
  db.pragma('journal_mode = wal');
  db.pragma('user_version = 42');
  db.exec(`
    create table item (id integer primary key autoincrement, name text not null, size integer check (size >= 0), data blob);
    create index item_name on item (name);
    create table note (body text, twice text generated always as (body || body) stored);
    create table setting (name text primary key, value text) without rowid;
    create view large as select * from item where size > 10;
    create trigger item_deleted after delete on item begin delete from note where rowid = old.id; end;
    create virtual table search using fts5 (body);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into item (id, name, size, data) select i * 3, 'name ' || i, i, randomblob(200) from n;
    insert into note (rowid, body) values (5, 'five'), (70, cast(x'ff00fe' as text)), (900, 'Grüße 🌍');
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
      insert into setting select 'setting ' || printf('%04d', i), hex(randomblob(40)) from n;
    insert into search values ('hello');
    delete from item where id = ${ROWS * 3};
  `);
  db.close();
  return path;
}

/** The pages that hold a table or an index, in the order of its content. */
function pagesOf(path: string, name: string, type = 'leaf'): number[] {
  const db = new Sqlite(path);
  const sql = `select pageno from dbstat where name = ? and pagetype = ? order by path`;
  const pages = db.prepare<unknown[], number>(sql).pluck().all(name, type);
  db.close();
  return pages;
}

function rowsOf(path: string, sql: string): unknown[] {
  const db = new Sqlite(path, { readonly: true });
  const rows = db.prepare(sql).raw().all();
  db.close();
  return rows;
}

const ITEMS = 'select id, name, size, hex(data) from item order by id';

async function salvageFile(path: string): Promise<QuarantineReport & { readonly salvaged: string }> {
  const report = await quarantine(path);
  if (report.salvaged === undefined) throw new Error('Nothing was salvaged.');
  return { ...report, salvaged: report.salvaged };
}

const tableOf = (report: QuarantineReport, name: string) =>
  report.tables.find((table) => table.name === name);

test('a sound file comes out as it was, but for its virtual tables', async () => {
  const path = await createFile();
  const [items, before] = [rowsOf(path, ITEMS), readFileSync(path)];
  const report = await salvageFile(path);
  expect(report.missing).toStrictEqual([
    { type: 'virtual table', name: 'search', reason: expect.stringContaining('Build it anew') },
  ]);
  expect(report.tables.map(({ name, isComplete, rows }) => [name, isComplete, rows])).toStrictEqual([
    ['item', true, ROWS - 1],
    ['note', true, 3],
    ['setting', true, 500],
  ]);
  expect(rowsOf(report.salvaged, ITEMS)).toStrictEqual(items);
  expect(rowsOf(report.salvaged, 'select rowid, hex(body), hex(twice) from note')).toStrictEqual(
    rowsOf(report.quarantined, 'select rowid, hex(body), hex(twice) from note'),
  );
  expect(rowsOf(report.salvaged, `select seq from sqlite_sequence where name = 'item'`)).toStrictEqual([
    [ROWS * 3],
  ]);
  expect(
    rowsOf(report.salvaged, `select name from sqlite_schema where type in ('view', 'trigger')`),
  ).toHaveLength(2);
  expect(rowsOf(report.salvaged, 'pragma user_version')).toStrictEqual([[42]]);
  expect(readFileSync(report.quarantined)).toStrictEqual(before);
  expect(existsSync(path)).toBe(false);
});

test('rows around damaged pages are salvaged, and the gaps named', async () => {
  const path = await createFile();
  const leaves = pagesOf(path, 'item');
  const at = (share: number): number => leaves[Math.floor(leaves.length * share)] ?? 0;
  const before = rowsOf(path, ITEMS) as [number][];
  // Two pages with one between them, one far off, and the last.
  const [one, two] = [at(0.2), leaves[Math.floor(leaves.length * 0.2) + 2] ?? 0];
  damage(path, [one, two, at(0.7), leaves.at(-1) ?? 0]);
  const bytes = readFileSync(path);
  const report = await salvageFile(path);
  expect(readFileSync(report.quarantined)).toStrictEqual(bytes);
  const item = tableOf(report, 'item');
  expect(item).toMatchObject({ isComplete: false, rejected: 0 });
  expect(item?.gaps).toHaveLength(4);
  const isLost = ([id]: [number]): boolean =>
    item?.gaps.some(({ from, to }) => BigInt(id) >= from && BigInt(id) <= to) ?? false;
  const expected = before.filter((row) => !isLost(row));
  expect(expected.length).toBeGreaterThan(before.length - 4 * 25);
  expect(rowsOf(report.salvaged, ITEMS)).toStrictEqual(expected);
  expect(tableOf(report, 'setting')).toMatchObject({ isComplete: true, rows: 500 });
  expect(await checkIntegrity(report.salvaged)).toMatchObject({ isSound: true });
});

test('a damaged index costs no row', async () => {
  const path = await createFile();
  const items = rowsOf(path, ITEMS);
  damage(path, pagesOf(path, 'item_name').slice(3, 6));
  const report = await salvageFile(path);
  expect(tableOf(report, 'item')).toMatchObject({ isComplete: true });
  expect(rowsOf(report.salvaged, ITEMS)).toStrictEqual(items);
  expect(await checkIntegrity(report.salvaged)).toMatchObject({ isSound: true });
});

test('a table without rowids is read from both ends', async () => {
  const path = await createFile();
  const leaves = pagesOf(path, 'setting');
  damage(path, [leaves[Math.floor(leaves.length / 2)] ?? 0]);
  const report = await salvageFile(path);
  const setting = tableOf(report, 'setting');
  expect(setting).toMatchObject({ isComplete: false, rejected: 0 });
  expect(setting?.rows).toBeGreaterThan(400);
  const names = rowsOf(report.salvaged, 'select name from setting order by name').flat();
  expect([names[0], names.at(-1)]).toStrictEqual(['setting 0001', 'setting 0500']);
});

test('damage to the page above the rows, and to the schema, is survived as far as can be', async () => {
  const inner = await createFile();
  damage(inner, pagesOf(inner, 'item', 'internal').slice(0, 1));
  const report = await salvageFile(inner);
  expect(tableOf(report, 'item')).toMatchObject({ isComplete: false, rows: 0 });
  expect(tableOf(report, 'note')).toMatchObject({ isComplete: true, rows: 3 });

  const unreadable = await createFile();
  damage(unreadable, [1]);
  const nothing = await quarantine(unreadable);
  expect(nothing).toMatchObject({ salvaged: undefined, isComplete: false, tables: [] });
  expect(nothing.missing[0]?.type).toBe('database');
  expect(readdirSync(dirname(unreadable))).toHaveLength(1);
});

test('what a killed process left in its write-ahead log is salvaged, and the log kept', async () => {
  const path = `${await temporaryFolder()}/app.db`;
  const db = await openDatabase({ path });
  await db.run('create table item (id integer primary key, data blob)');
  await db.database.close();
  const child = startChild('insert-items.mjs', path);
  await until(() => child.lines.length > 100);
  child.process.kill('SIGKILL');
  await child.ended;
  const log = readFileSync(`${path}-wal`);
  const report = await salvageFile(path);
  expect(readFileSync(`${report.quarantined}-wal`)).toStrictEqual(log);
  expect(tableOf(report, 'item')?.rows).toBeGreaterThanOrEqual(child.lines.length);
  expect(readdirSync(dirname(path)).filter((name) => name.startsWith('app.db-'))).toStrictEqual([]);
});

test('is refused while the database is open; a damaged one cannot be opened until it is out of the way', async () => {
  const path = await createFile();
  const idle = startChild('hold-snapshot.mjs', path, 'idle');
  await until(() => idle.lines.includes('reading'));
  expect(await rejection(quarantine(path))).toBeInstanceOf(ConflictError);
  idle.process.stdin?.end();
  await idle.ended;
  const db = await openDatabase({ path });
  expect(await rejection(quarantine(path))).toBeInstanceOf(ConflictError);
  await db.database.close();
  expect(existsSync(path)).toBe(true);
  damage(path, [1]);
  expect(await rejection(openDatabase({ path }))).toBeInstanceOf(CorruptError);
  await quarantine(path);
  await openDatabase({ path });
});

test('what was salvaged takes the place of the database by an explicit step', async () => {
  const path = await createFile();
  damage(path, [pageCount(path) - 30]);
  const report = await salvageFile(path);
  await restore({ from: report.salvaged, to: path });
  const db = await openDatabase({ path });
  expect(Number((await db.rows('select count(*) as count from item'))[0]?.count)).toBeGreaterThan(3000);
});
