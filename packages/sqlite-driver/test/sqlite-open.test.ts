import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError, CorruptError, openStorage, type SluiceError } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import { describe, expect, test } from 'vitest';
import { openDatabase, temporaryFolder } from './opened-database.js';
import { startChild } from './processes/child.js';

async function refusal(url: string): Promise<SluiceError> {
  return (await rejection(sqlite().open(url))) as SluiceError;
}

describe('opening', () => {
  test('creates a file that does not exist, and takes an empty one', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'empty.db'), '');
    for (const name of ['new.db', 'empty.db']) {
      const db = await openDatabase({ path: join(folder, name) });
      await db.run('create table t (a text)');
      expect(await db.rows('select count(*) as count from t')).toStrictEqual([{ count: 0 }]);
    }
  });

  test('takes relative and absolute paths, with and without slashes', async () => {
    const folder = await temporaryFolder();
    for (const url of [`sqlite:${folder}/a.db`, `sqlite://${folder}/b.db`]) {
      const database = await sqlite().open(url);
      await database.close();
    }
    expect(readdirSync(folder).sort()).toStrictEqual(['a.db', 'b.db']);
  });

  test('sets what makes a write durable and keys enforced', async () => {
    const db = await openDatabase();
    expect(await db.rows('pragma journal_mode')).toStrictEqual([{ journal_mode: 'wal' }]);
    expect(await db.rows('pragma foreign_keys')).toStrictEqual([{ foreign_keys: 1 }]);
    const transaction = await db.database.begin({ access: 'write' });
    const synchronous = await transaction.execute(
      { sql: 'pragma synchronous', parameters: [], access: 'read' },
      {},
    );
    expect(synchronous.rows).toStrictEqual([{ synchronous: 2 }]);
    await transaction.rollback();
  });

  test('refuses a missing folder and creates nothing', async () => {
    const folder = await temporaryFolder();
    const error = await refusal(`sqlite:${folder}/missing/app.db`);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.code).toBe('path_unusable');
    expect(error.message).toContain('Create it');
    expect(existsSync(join(folder, 'missing'))).toBe(false);
  });

  test('refuses a folder in place of a file', async () => {
    const folder = await temporaryFolder();
    expect(await refusal(`sqlite:${folder}`)).toMatchObject({ code: 'path_unusable' });
  });

  test('refuses a folder in which nothing can be created', async () => {
    const error = await refusal('sqlite:/proc/sluice.db');
    expect(error).toMatchObject({ code: 'path_unusable' });
    expect(error.message).toContain('write');
  });

  test('refuses a file that is no database, and leaves it as it was', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'notes.txt');
    const text = 'This is a letter to a friend, and certainly not a database.\n'.repeat(50);
    writeFileSync(path, text);
    const error = await refusal(`sqlite:${path}`);
    expect(error).toBeInstanceOf(CorruptError);
    expect(error).toMatchObject({ code: 'not_a_database', cause: { code: 'SQLITE_NOTADB' } });
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(folder)).toStrictEqual(['notes.txt']);
  });

  test('refuses a damaged database', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'app.db');
    const db = await openDatabase({ path });
    await db.run('create table t (a text)');
    await db.database.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 100, 4096);
    writeFileSync(path, bytes);
    expect(await refusal(`sqlite:${path}`)).toMatchObject({ code: 'corrupt' });
  });

  test.each([
    ['sqlite:', 'invalid_configuration'],
    ['sqlite://host/app.db', 'invalid_configuration'],
    ['sqlite:app.db?mode=ro', 'invalid_configuration'],
    ['sqlite:app.db ', 'invalid_configuration'],
  ])('refuses the URL "%s"', async (url, code) => {
    expect(await refusal(url)).toMatchObject({ code });
  });

  test.each([
    [{ readers: 0 }, 'readers'],
    [{ snapshots: 1.5 }, 'snapshots'],
    [{ queueLimit: -1 }, 'queueLimit'],
    [{ durability: 'none' as never }, 'durability'],
  ])('refuses the options %j, naming the one', (options, name) => {
    expect(() => sqlite(options)).toThrow(name);
  });

  test('a database in memory has readers, snapshots and streams, and leaves nothing behind', async () => {
    const database = await sqlite().open('sqlite::memory:');
    const run = (sql: string) => database.execute({ sql, parameters: [], access: 'unknown' }, {});
    await run('create table t (a integer)');
    await run('insert into t values (1)');
    const snapshot = await database.begin({ access: 'read' });
    const select = { sql: 'select a from t', parameters: [], access: 'read' } as const;
    await snapshot.execute(select, {});
    await run('insert into t values (2)');
    expect((await snapshot.execute(select, {})).rows).toStrictEqual([{ a: 1 }]);
    await snapshot.rollback();
    expect(database.capabilities).toMatchObject({ durable: false, sharedBetweenProcesses: false });
    const [{ file }] = (await run('pragma database_list')).rows as [{ file: string }];
    await database.close();
    expect(existsSync(file)).toBe(false);
  });
});

describe('opening without the rights', () => {
  const isRoot = process.getuid?.() === 0;

  /** Runs the script as somebody else when this is root, whom no rights stop. */
  function openAsSomebody(path: string): string {
    const script = fileURLToPath(new URL('processes/open-on-old-node.mjs', import.meta.url));
    return execFileSync(process.execPath, [script, path], {
      encoding: 'utf8',
      ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
    });
  }

  test.each(['folder', 'file', 'nothing readable'])(
    'refuses when the rights are missing: %s',
    async (what) => {
      const folder = await temporaryFolder();
      const path = join(folder, 'inner', 'app.db');
      mkdirSync(join(folder, 'inner'));
      chmodSync(folder, 0o755);
      if (what !== 'folder') {
        const db = await openDatabase({ path });
        await db.run('create table t (a)');
        await db.database.close();
      }
      chmodSync(join(folder, 'inner'), what === 'file' ? 0o777 : 0o555);
      if (what !== 'folder') chmodSync(path, what === 'file' ? 0o444 : 0o000);
      const before = what === 'folder' ? undefined : readFileSync(path);
      const output = openAsSomebody(path);
      chmodSync(join(folder, 'inner'), 0o777);
      expect(output).toMatch(/^ConfigurationError path_unusable .*write/);
      if (before !== undefined) expect(readFileSync(path)).toStrictEqual(before);
    },
  );
});

describe('an old Node', () => {
  /** A Node older than the driver needs, outside of what pnpm puts first on the path. */
  function findOldNode(): string | undefined {
    const folders = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
    return [...folders, '/usr/bin', '/usr/local/bin']
      .map((folder) => join(folder, 'node'))
      .filter((path) => existsSync(path))
      .find(
        (path) =>
          Number(/^v(\d+)/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout)?.[1]) < 22,
      );
  }

  /** Where the machine has none, the current Node says it is an old one. */
  const pretending = `data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
  )}`;
  const oldNode = findOldNode();
  const [node, ...flags] = oldNode === undefined ? [process.execPath, '--import', pretending] : [oldNode];

  test('is refused by a typed error instead of a crash', async () => {
    const folder = await temporaryFolder();
    const script = fileURLToPath(new URL('processes/open-on-old-node.mjs', import.meta.url));
    const { status, stdout, signal } = spawnSync(node, [...flags, script, join(folder, 'app.db')], {
      encoding: 'utf8',
    });
    expect({ status, signal }).toStrictEqual({ status: 0, signal: null });
    expect(stdout).toMatch(/^ConfigurationError runtime_too_old .*Install a current Node/);
    expect(readdirSync(folder)).toStrictEqual([]);
  });
});

describe('closing', () => {
  test('leaves nothing but the file, refuses what comes later, and can be repeated', async () => {
    const folder = await temporaryFolder();
    const db = await openDatabase({ path: join(folder, 'app.db') });
    await db.run('create table t (a integer)');
    const accepted = Array.from({ length: 100 }, (_, a) =>
      db.run('insert into t values (?)', [a], { access: 'write' }),
    );
    const closed = Promise.all([db.database.close(), db.database.close()]);
    expect(await rejection(db.run('select 1'))).toMatchObject({ code: 'closed' });
    expect(await rejection(db.database.begin({ access: 'read' }))).toMatchObject({ code: 'closed' });
    await Promise.all([...accepted, closed]);
    expect(readdirSync(folder)).toStrictEqual(['app.db']);
    const again = await openDatabase({ path: join(folder, 'app.db') });
    expect(await again.rows('select count(*) as count from t')).toStrictEqual([{ count: 100 }]);
  });

  test('waits for an open transaction', async () => {
    const db = await openDatabase();
    await db.run('create table t (a integer)');
    const transaction = await db.database.begin({ access: 'write' });
    const closed = db.database.close();
    await transaction.execute({ sql: 'insert into t values (1)', parameters: [], access: 'write' }, {});
    await transaction.commit();
    await closed;
    const again = await openDatabase({ path: db.path });
    expect(await again.rows('select a from t')).toStrictEqual([{ a: 1 }]);
  });

  test('a process that forgot to close ends by itself', async () => {
    const folder = await temporaryFolder();
    const child = startChild('open-and-leave.mjs', join(folder, 'app.db'));
    expect(await child.ended).toBe(0);
    expect(child.lines).toStrictEqual(['1']);
  });

  test('a process that forgot to close a database in memory leaves no file of it', async () => {
    const before = temporaryDatabases();
    const child = startChild('open-and-leave.mjs', ':memory:');
    expect(await child.ended).toBe(0);
    expect(temporaryDatabases()).toStrictEqual(before);
  });

  test('opening and closing many times keeps no thread', async () => {
    const folder = await temporaryFolder();
    for (let round = 0; round < 20; round += 1) {
      const storage = await openStorage({ url: `sqlite:${folder}/app.db`, drivers: [sqlite()] });
      await storage.close();
    }
    expect(process.getActiveResourcesInfo().filter((name) => name.includes('Worker'))).toStrictEqual([]);
    rmSync(join(folder, 'app.db'));
    expect(readdirSync(folder)).toStrictEqual([]);
  });
});

function temporaryDatabases(): string[] {
  return readdirSync(tmpdir()).filter((name) => /^sluice-[^-]{6}$/.test(name));
}
