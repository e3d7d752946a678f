import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AbortedError, CorruptError } from '@sluice/core';
import { checkIntegrity, reclaimSpace } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { damage, pageCount } from './damaged-file.js';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';

const NUMBERS = (rows: number): string =>
  `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})`;

async function openFilled(): Promise<OpenedFile> {
  const db = await openDatabase();
  await db.run('create table author (id integer primary key, name text)');
  await db.run('create table book (id integer primary key, author integer references author, title text)');
  await db.run('create index book_title on book (title)');
  await db.run(`${NUMBERS(500)} insert into author select i, 'author ' || i from n`, [], { access: 'write' });
  await db.run(`${NUMBERS(5000)} insert into book select i, 1 + i % 500, 'title ' || i from n`, [], {
    access: 'write',
  });
  return db;
}

describe('checking integrity', () => {
  test('finds nothing in a sound database that is in use, and tells its progress', async () => {
    const db = await openFilled();
    const progress: number[] = [];
    const report = await checkIntegrity(db.path, {
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(report).toStrictEqual({ isSound: true, problems: [], brokenForeignKeys: [], tables: 2 });
    expect(progress).toStrictEqual([0.2, 0.4, 0.6, 0.8, 1]);
    await db.run(`insert into author values (501, 'x')`, [], { access: 'write' });
  });

  test('leaves nothing beside a database that is closed', async () => {
    const db = await openFilled();
    await db.database.close();
    expect(await checkIntegrity(`sqlite:${db.path}`)).toMatchObject({ isSound: true });
    expect(readdirSync(dirname(db.path))).toStrictEqual(['test.db']);
  });

  test('names foreign keys that point nowhere', async () => {
    const db = await openFilled();
    await db.database.close();
    const plain = new Sqlite(db.path);
    plain.pragma('foreign_keys = off');
    plain.prepare('delete from author where id = 7').run();
    plain.close();
    const report = await checkIntegrity(db.path);
    expect(report).toMatchObject({ isSound: false, problems: [] });
    expect(report.brokenForeignKeys).toHaveLength(10);
    expect(report.brokenForeignKeys[0]).toStrictEqual({ table: 'book', rowid: 6n, parent: 'author' });
  });

  test('names the table whose pages are damaged', async () => {
    const db = await openFilled();
    await db.database.close();
    damage(db.path, [pageCount(db.path) - 20]);
    const { isSound, problems } = await checkIntegrity(db.path);
    expect(isSound).toBe(false);
    expect(problems[0]?.table).toBe('book');
    expect(problems[0]?.message).not.toBe('');
  });

  test('reports a schema that cannot be read, and refuses what is no database', async () => {
    const db = await openFilled();
    await db.database.close();
    const before = statSync(db.path).size;
    const path = `${await temporaryFolder()}/notes.db`;
    writeFileSync(path, 'This is a letter to a friend.'.repeat(100));
    expect(await rejection(checkIntegrity(path))).toBeInstanceOf(CorruptError);
    damage(db.path, [1]);
    expect(await rejection(checkIntegrity(db.path))).toMatchObject({ code: 'not_a_database' });
    expect(statSync(db.path).size).toBe(before);
  });

  test('can be given up', async () => {
    const db = await openFilled();
    // What comes after the first step takes long enough to be given up.
    await db.run(`${NUMBERS(300_000)} insert into book select 10000 + i, 1, 'title ' || i from n`, [], {
      access: 'write',
    });
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = checkIntegrity(db.path, { signal, onProgress: () => controller.abort() });
    expect(await rejection(aborted)).toBeInstanceOf(AbortedError);
    expect(await rejection(checkIntegrity(db.path, { timeoutMs: 0 }))).toMatchObject({ code: 'timeout' });
  });
});

describe('reclaiming space', () => {
  test('shortens the file in small steps while others write', async () => {
    const db = await openFilled();
    await db.run('create table big (id integer primary key, data blob)');
    await db.run(`${NUMBERS(3000)} insert into big select i, randomblob(3000) from n`, [], {
      access: 'write',
    });
    await db.run('create table last (id integer primary key)');
    await db.run('delete from big', [], { access: 'write' });
    let isDone = false;
    const writing = (async () => {
      while (!isDone) await db.run('insert into last default values', [], { access: 'write' });
    })();
    const progress: number[] = [];
    const { reclaimedBytes } = await reclaimSpace(db.path, { onProgress: ({ done }) => progress.push(done) });
    isDone = true;
    await writing;
    expect(reclaimedBytes).toBeGreaterThan(8_000_000);
    expect(progress.length).toBeGreaterThan(10);
    expect(await checkIntegrity(db.path)).toMatchObject({ isSound: true });
    await db.database.close();
    expect(statSync(db.path).size).toBeLessThan(2_000_000);
  });

  test('is refused for a file made otherwise, until VACUUM was run', async () => {
    const path = `${await temporaryFolder()}/old.db`;
    const plain = new Sqlite(path);
    plain.exec('create table t (a)');
    plain.close();
    expect(await rejection(reclaimSpace(path))).toMatchObject({ code: 'unsupported' });
    const db = await openDatabase({ path });
    await db.run('vacuum');
    expect(await reclaimSpace(path)).toStrictEqual({ reclaimedBytes: 0 });
  });
});
