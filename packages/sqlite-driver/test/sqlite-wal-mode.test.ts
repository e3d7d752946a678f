import { existsSync } from 'node:fs';
import { ConflictError } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase, temporaryFolder } from './opened-database.js';
import { type Child, startChild } from './processes/child.js';

const ROWS = 200;

/** A file in rollback-journal mode, as other programs make them. */
async function createOldFile(): Promise<string> {
  const path = `${await temporaryFolder()}/old.db`;
  const plain = new Sqlite(path);
  plain.exec('create table item (id integer primary key, data text)');
  const insert = plain.prepare(`insert into item (data) values ('before')`);
  plain.transaction(() => {
    for (let count = 0; count < ROWS; count += 1) insert.run();
  })();
  plain.close();
  return path;
}

async function startUser(path: string, mode: string): Promise<Child> {
  const child = startChild('use-rollback-journal.mjs', path, mode);
  await until(() => child.lines.includes('ready'));
  return child;
}

const countBefore = `select count(*) as count from item where data = 'before'`;

test('a file in rollback-journal mode is switched to WAL, and keeps what it holds', async () => {
  const db = await openDatabase({ path: await createOldFile() });
  expect(await db.rows('pragma journal_mode')).toStrictEqual([{ journal_mode: 'wal' }]);
  expect(await db.rows(countBefore)).toStrictEqual([{ count: ROWS }]);
});

test('a process that keeps it locked in rollback-journal mode is told of, and opening succeeds once it is gone', async () => {
  const path = await createOldFile();
  const user = await startUser(path, 'locked');
  const refused = await rejection(openDatabase({ path, openTimeoutMs: 50 }));
  expect(refused).toBeInstanceOf(ConflictError);
  expect(refused).toMatchObject({ reason: 'busy', retryable: true, cause: { code: 'SQLITE_BUSY' } });
  expect((refused as Error).message).toContain('rollback-journal mode');
  user.process.stdin?.end();
  await user.ended;
  const db = await openDatabase({ path });
  expect(await db.rows(countBefore)).toStrictEqual([{ count: ROWS }]);
});

test('a process that has it for itself in WAL mode is told of in other words', async () => {
  const path = await createOldFile();
  const user = await startUser(path, 'exclusive');
  const refused = await rejection(openDatabase({ path, openTimeoutMs: 50 }));
  expect(refused).toBeInstanceOf(ConflictError);
  expect((refused as Error).message).not.toContain('rollback-journal');
  user.process.stdin?.end();
  await user.ended;
});

test('what a process had written by half when it was killed is undone', async () => {
  const path = await createOldFile();
  const user = await startUser(path, 'half');
  user.process.kill('SIGKILL');
  await user.ended;
  expect(existsSync(`${path}-journal`)).toBe(true);
  const db = await openDatabase({ path });
  expect(await db.rows(countBefore)).toStrictEqual([{ count: ROWS }]);
  expect(existsSync(`${path}-journal`)).toBe(false);
});

test('a cache shared between connections, whose locks fail instead of waiting, cannot be had', async () => {
  const db = await openDatabase();
  const options = (await db.rows('pragma compile_options')).map(({ compile_options }) => compile_options);
  expect(options).toContain('OMIT_SHARED_CACHE');
  const refused = await rejection(sqlite().open(`sqlite:file:${db.path}?cache=shared`));
  expect(refused).toMatchObject({ code: 'invalid_configuration' });
});
