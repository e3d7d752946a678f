import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AbortedError, ConflictError, CorruptError, openStorage, TimeoutError } from '@sluice/core';
import { restore, sqlite } from '@sluice/sqlite-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { describe, expect, test } from 'vitest';
import { damage } from './damaged-file.js';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';
import { startChild } from './processes/child.js';

async function openFilled(rows = 2000): Promise<OpenedFile> {
  const db = await openDatabase({ profile: 'test' });
  await db.run('create table item (id integer primary key, data blob)');
  await fill(db, rows);
  return db;
}

async function fill(db: OpenedFile, rows: number): Promise<void> {
  const numbers = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})`;
  await db.run(`${numbers} insert into item (data) select randomblob(2000) from n`, [], { access: 'write' });
}

const count = async (db: OpenedFile): Promise<unknown> =>
  (await db.rows('select count(*) as count from item'))[0]?.count;

describe('a backup', () => {
  test('tells its progress, holds one moment, and ends while others write without a pause', async () => {
    const db = await openFilled(6000);
    const target = `${db.path}.backup`;
    let isWriting = true;
    let written = 0;
    const writing = (async () => {
      for (; isWriting; written += 1)
        await db.run('insert into item (data) values (zeroblob(500))', [], { access: 'write' });
    })();
    await until(() => written > 10);
    const progress: { done: number; total: number }[] = [];
    const before = written;
    await db.database.backup(target, { onProgress: (step) => progress.push(step) });
    expect(written).toBeGreaterThan(before);
    isWriting = false;
    await writing;
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.map(({ done }) => done)).toStrictEqual(
      progress.map(({ done }) => done).sort((a, b) => a - b),
    );
    const copy = await openDatabase({ path: target });
    expect(await copy.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
    const copied = Number(await count(copy));
    expect(copied).toBeGreaterThanOrEqual(6000 + before);
    expect(copied).toBeLessThanOrEqual(Number(await count(db)));
  });

  test('is not ended when it pins the write-ahead log past its budget, and is named', async () => {
    const db = await openDatabase({ profile: 'test', checkpointBytes: 65_536, walBudgetBytes: 262_144 });
    await db.run('create table item (id integer primary key, data blob)');
    await fill(db, 20_000);
    let isDone = false;
    const writing = (async () => {
      while (!isDone) await fill(db, 20);
    })();
    await db.database.backup(`${db.path}.backup`, {});
    isDone = true;
    await writing;
    expect(db.database.metrics().engine.readersEnded).toBe(0);
    expect(existsSync(`${db.path}.backup`)).toBe(true);
  });

  test('leaves nothing behind when it is given up', async () => {
    const db = await openFilled(6000);
    const controller = new AbortController();
    const aborted = db.database.backup(`${db.path}.backup`, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect(await rejection(aborted)).toBeInstanceOf(AbortedError);
    const late = db.database.backup(`${db.path}.backup`, { deadline: performance.now() - 1 });
    expect(await rejection(late)).toBeInstanceOf(TimeoutError);
    expect(readdirSync(dirname(db.path)).filter((name) => name.includes('backup'))).toStrictEqual([]);
    await db.database.backup(`${db.path}.backup`, {});
  });

  test('never takes the name of another file', async () => {
    const db = await openFilled(10);
    writeFileSync(`${db.path}.backup`, 'a letter');
    expect(await rejection(db.database.backup(`${db.path}.backup`, {}))).toMatchObject({
      code: 'path_unusable',
    });
    const both = await Promise.allSettled([1, 2].map(() => db.database.backup(`${db.path}.second`, {})));
    expect(both.map(({ status }) => status).sort()).toStrictEqual(['fulfilled', 'rejected']);
    expect(readFileSync(`${db.path}.backup`, 'utf8')).toBe('a letter');
    expect(readdirSync(dirname(db.path)).filter((name) => name.includes('partial'))).toStrictEqual([]);
  });

  test('tells its progress through a storage as well', async () => {
    const path = join(await temporaryFolder(), 'app.db');
    const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite()] });
    const progress: number[] = [];
    await storage.backup(`${path}.backup`, { onProgress: ({ done, total }) => progress.push(done / total) });
    await storage.close();
    expect(progress.every((share) => share >= 0 && share <= 1)).toBe(true);
  });
});

describe('restoring', () => {
  test('puts the backup in the place of the database, which is kept under another name', async () => {
    const db = await openFilled(3000);
    await db.database.backup(`${db.path}.backup`, {});
    await db.run('delete from item', [], { access: 'write' });
    await db.database.close();
    const progress: number[] = [];
    const report = await restore({
      from: `${db.path}.backup`,
      to: `sqlite:${db.path}`,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(progress.length).toBeGreaterThan(0);
    const [restored, replaced] = [
      await openDatabase({ path: db.path }),
      await openDatabase({ path: report.replaced ?? '' }),
    ];
    expect(await count(restored)).toBe(3000);
    expect(await count(replaced)).toBe(0);
    await Promise.all([restored.database.close(), replaced.database.close()]);
    const names = ['test.db', 'test.db.backup', report.replaced?.slice(dirname(db.path).length + 1)];
    expect(readdirSync(dirname(db.path)).sort()).toStrictEqual(names);
  });

  test('brings what the write-ahead log of a killed process holds into the file that is kept', async () => {
    const db = await openFilled(10);
    await db.database.backup(`${db.path}.backup`, {});
    await db.database.close();
    const child = startChild('insert-items.mjs', db.path);
    await until(() => child.lines.length > 50);
    child.process.kill('SIGKILL');
    await child.ended;
    expect(existsSync(`${db.path}-wal`)).toBe(true);
    const { replaced = '' } = await restore({ from: `${db.path}.backup`, to: db.path });
    expect(existsSync(`${db.path}-wal`)).toBe(false);
    expect(await count(await openDatabase({ path: db.path }))).toBe(10);
    expect(Number(await count(await openDatabase({ path: replaced })))).toBeGreaterThanOrEqual(60);
  });

  test('takes a place where nothing is, and sets a stray write-ahead log aside', async () => {
    const db = await openFilled(10);
    await db.database.close();
    const to = join(dirname(db.path), 'new.db');
    writeFileSync(`${to}-wal`, 'something else');
    expect(await restore({ from: db.path, to })).toStrictEqual({ replaced: undefined });
    expect(await count(await openDatabase({ path: to }))).toBe(10);
    const aside = readdirSync(dirname(to)).filter(
      (name) => name.endsWith('-wal') && name.includes('replaced'),
    );
    expect(aside).toHaveLength(1);
  });

  test('is refused while this process or another has the database open', async () => {
    const db = await openFilled(10);
    const backup = `${db.path}.backup`;
    await db.database.backup(backup, {});
    expect(await rejection(restore({ from: backup, to: db.path }))).toBeInstanceOf(ConflictError);
    await db.database.close();
    const idle = startChild('hold-snapshot.mjs', db.path, 'idle');
    await until(() => idle.lines.includes('reading'));
    const refused = await rejection(restore({ from: backup, to: db.path }));
    expect(refused).toBeInstanceOf(ConflictError);
    expect((refused as Error).message).toContain('open in');
    idle.process.stdin?.end();
    await idle.ended;
    await restore({ from: backup, to: db.path });
  });

  test('a damaged backup is refused before anything is touched', async () => {
    const db = await openFilled(2000);
    await db.database.backup(`${db.path}.backup`, {});
    await db.database.close();
    damage(`${db.path}.backup`, [100]);
    const before = readFileSync(db.path);
    expect(await rejection(restore({ from: `${db.path}.backup`, to: db.path }))).toBeInstanceOf(CorruptError);
    writeFileSync(`${db.path}.text`, 'no database at all'.repeat(1000));
    const noDatabase = restore({ from: `${db.path}.text`, to: db.path });
    expect(await rejection(noDatabase)).toMatchObject({ code: 'not_a_database' });
    const missing = restore({ from: `${db.path}.missing`, to: db.path });
    expect(await rejection(missing)).toMatchObject({ code: 'path_unusable' });
    expect(readFileSync(db.path)).toStrictEqual(before);
    expect(readdirSync(dirname(db.path)).sort()).toStrictEqual(['test.db', 'test.db.backup', 'test.db.text']);
  });

  test('replaces a database that is damaged beyond reading', async () => {
    const db = await openFilled(100);
    await db.database.backup(`${db.path}.backup`, {});
    await db.database.close();
    damage(db.path, [1]);
    const { replaced } = await restore({ from: `${db.path}.backup`, to: db.path });
    expect(existsSync(replaced ?? '')).toBe(true);
    expect(await count(await openDatabase({ path: db.path }))).toBe(100);
  });

  test('can be given up', async () => {
    const db = await openFilled(6000);
    await db.database.close();
    renameSync(db.path, `${db.path}.backup`);
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = restore({
      from: `${db.path}.backup`,
      to: db.path,
      signal,
      onProgress: () => controller.abort(),
    });
    expect(await rejection(aborted)).toBeInstanceOf(AbortedError);
    expect(readdirSync(dirname(db.path))).toStrictEqual(['test.db.backup']);
    rmSync(`${db.path}.backup`);
  });
});

test('a link to a database leads to it: its log is watched, and it is the file that is replaced', async () => {
  const db = await openFilled(10);
  await db.database.backup(`${db.path}.backup`, {});
  await db.database.close();
  const link = join(await temporaryFolder(), 'link.db');
  symlinkSync(db.path, link);
  const linked = await openDatabase({ path: link });
  await fill(linked, 5);
  expect(linked.database.metrics().engine.walBytes).toBeGreaterThan(0);
  expect(await rejection(restore({ from: `${db.path}.backup`, to: db.path }))).toBeInstanceOf(ConflictError);
  await linked.database.close();
  await restore({ from: `${db.path}.backup`, to: link });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(await count(await openDatabase({ path: db.path }))).toBe(10);
});
