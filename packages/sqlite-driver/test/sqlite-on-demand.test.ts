import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { openStorage, type Storage } from '@sluice/core';
import { type SqliteOptions, sqlite, sqliteDialect } from '@sluice/sqlite-driver';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { busyQuery, openDatabase, temporaryFolder } from './opened-database.js';
import { startChildAs } from './processes/child.js';

interface Tables {
  item: { id: number; code: string | null; name: string };
}

/** The threads that were started, as Node itself announces them, and those that run. */
const started: Worker[] = [];
const running = new Set<Worker>();
const note = (worker: Worker): void => {
  started.push(worker);
  running.add(worker);
  worker.once('exit', () => running.delete(worker));
};
process.on('worker', note);
afterAll(() => {
  process.off('worker', note);
});

const SOON: SqliteOptions = { threadIdleMs: 20, writerIdleMs: 20 };

const migrations = {
  getMigrations: async () => ({
    '001_item': {
      up: async (db: Kysely<never>) => {
        await db.schema
          .createTable('item')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('code', 'text', (column) => column.unique())
          .addColumn('name', 'text', (column) => column.notNull())
          .execute();
      },
    },
  }),
};

let path: string;

const open = (options: SqliteOptions = {}): Promise<Storage<Tables>> =>
  openStorage<Tables>({ url: `sqlite:${path}`, drivers: [sqlite(options)], migrations });

const items = (storage: Storage<Tables>) => storage.repository('item', { key: 'id' });

beforeEach(async () => {
  path = join(await temporaryFolder(), 'app.db');
  await using storage = await open();
  await storage.migrator.up();
  await items(storage).insert({ id: 1, code: 'a', name: 'one' });
  await storage.close();
  // They would serve the file of the test.
  await Promise.all([...running].map((worker) => worker.terminate()));
  started.length = 0;
});

const files = (): string[] => readdirSync(dirname(path));

describe('a file that exists', () => {
  test('is opened, read by key and closed without a thread', async () => {
    const storage = await open();
    expect(await storage.migrator.up()).toStrictEqual([]);
    expect((await items(storage).get(1))?.name).toBe('one');
    await storage.close();
    expect(started).toStrictEqual([]);
    expect(files()).toStrictEqual(['app.db']);
  });

  test('is read through Kysely by a unique key without a thread, with the same values', async () => {
    const storage = await open();
    const query = storage.kysely.selectFrom('item').selectAll();
    const byKey = await query.where('code', '=', 'a').execute();
    const { rows } = await sql`select id, name from item where id = ${1}`.execute(storage.kysely);
    expect(started).toStrictEqual([]);
    expect(byKey).toStrictEqual(await query.execute());
    expect(rows).toStrictEqual([{ id: 1, name: 'one' }]);
    expect(started).toHaveLength(1);
    await storage.close();
  });

  test.each([
    'select id from item where name = ?',
    'select id from item where code > ?',
    'select i.id from item i, item j where i.code = ?',
  ])('runs on a thread what may read many rows: %s', async (text) => {
    const db = await openDatabase({ path });
    await db.rows(text, ['a']);
    expect(started).toHaveLength(1);
    expect(db.database.metrics().engine.inlineReads).toBe(0);
  });

  test('is read by the first query of the dialect without a thread', async () => {
    const db = new Kysely<Tables>({ dialect: sqliteDialect({ path }) });
    expect((await sql`select 1`.execute(db)).rows).toStrictEqual([{ 1: 1 }]);
    const bytes = await sql<{ b: Uint8Array }>`select x'0102' as b`.execute(db);
    expect(bytes.rows[0]?.b).toStrictEqual(Buffer.from([1, 2]));
    expect(await db.selectFrom('item').selectAll().where('id', '=', 1).execute()).toStrictEqual([
      { id: 1, code: 'a', name: 'one' },
    ]);
    await db.destroy();
    expect(started).toStrictEqual([]);
    expect(files()).toStrictEqual(['app.db']);
  });

  test('has a writer from the first write on, and readers from the first read that may take long', async () => {
    const storage = await open();
    await items(storage).insert({ id: 2, code: 'b', name: 'two' });
    expect(started).toHaveLength(1);
    expect(await items(storage).count()).toBe(2);
    expect(started).toHaveLength(2);
    await storage.close();
    expect(files()).toStrictEqual(['app.db']);
  });

  test('has its threads when it is opened, if they are to be warm, and keeps them', async () => {
    const storage = await open({ ...SOON, warm: true, readers: 2 });
    expect(running.size).toBe(3);
    await Promise.all(Array.from({ length: 5 }, () => storage.read((tx) => items(tx as never).get(1))));
    await until(() => running.size === 3);
    await items(storage).update(1, { name: 'more' });
    expect(running.size).toBe(3);
    await storage.close();
  });

  test('is switched to WAL when it is opened', async () => {
    const other = new Sqlite(path);
    other.pragma('journal_mode = delete');
    other.close();
    const storage = await open();
    expect(started).toHaveLength(1);
    expect((await items(storage).get(1))?.name).toBe('one');
    await storage.close();
  });

  test('takes the WAL that another process left with it when it is closed', async () => {
    const other = new Sqlite(path);
    other.pragma('wal_autocheckpoint = 0');
    other.exec("insert into item values (2, 'b', 'two')");
    const left = join(await temporaryFolder(), 'left.db');
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, left + suffix);
    other.close();
    path = left;
    const storage = await open();
    expect((await items(storage).get(2))?.name).toBe('two');
    await storage.close();
    expect(files()).toStrictEqual(['left.db']);
    const again = new Sqlite(path);
    expect(again.prepare('select count(*) from item').pluck().get()).toBe(2);
    again.close();
  });

  test('is not written once another took its place, although no thread was there', async () => {
    const storage = await open();
    copyFileSync(path, `${path}.other`);
    renameSync(`${path}.other`, path);
    const before = statSync(path).mtimeMs;
    expect(await rejection(items(storage).insert({ id: 2, code: 'b', name: 'two' }))).toMatchObject({
      code: 'file_changed',
    });
    await storage.close();
    expect(statSync(path).mtimeMs).toBe(before);
  });
});

test.each(['server', 'tenants'])(
  'calls fail while no thread can be started, in the profile %s',
  async (profile) => {
    const env = {
      ...process.env,
      NODE_OPTIONS: '--permission --allow-fs-read=* --allow-fs-write=* --allow-addons',
    };
    const child = startChildAs({ env }, 'without-threads.mjs', path, profile);
    expect(await child.ended).toBe(0);
    const steps = ['read', 'read', 'snapshot', 'write'];
    expect(child.lines).toStrictEqual([
      ...steps.map((step) => expect.stringMatching(`^${step}: .*restricted`)),
      'close: done',
    ]);
  },
);

test('a file that is cut to nothing while no thread runs is not taken for a new one', async () => {
  const db = await openDatabase({ path });
  truncateSync(path, 0);
  const changed = { code: 'file_changed' };
  expect(await rejection(db.run("insert into item values (2, 'b', 'two')"))).toMatchObject(changed);
  expect(await rejection(db.rows('select count(*) from item'))).toMatchObject(changed);
  await db.database.close();
  expect(statSync(path).size).toBe(0);
});

test.each(['ran', 'did not run'])(
  'a file in rollback-journal mode that is copied over it after the writer %s is noticed by the next write',
  async (writer) => {
    const other = new Sqlite(`${path}.other`);
    other.exec('create table other (id integer)');
    other.close();
    const db = await openDatabase({ path, ...SOON });
    if (writer === 'ran') await db.run("insert into item values (2, 'b', 'two')");
    await until(() => running.size === 0);
    // Another process copies, since this one would lose its locks when it closed the file.
    execFileSync(process.execPath, ['-e', COPY_OVER, path]);
    const changed = { code: 'file_changed' };
    expect(await rejection(db.run("insert into item values (3, 'c', 'three')"))).toMatchObject(changed);
    expect(await rejection(db.rows('select count(*) from item'))).toMatchObject(changed);
    await db.database.close();
    expect(readFileSync(path)).toStrictEqual(readFileSync(`${path}.other`));
  },
);
const COPY_OVER = `require('node:fs').copyFileSync(process.argv[1] + '.other', process.argv[1])`;

describe('threads that are idle', () => {
  test('end, and start again when they are needed', async () => {
    const storage = await open(SOON);
    for (const name of ['first', 'second']) {
      await items(storage).update(1, { name });
      expect(await items(storage).count()).toBe(1);
      await until(() => running.size === 0);
      expect(statSync(`${path}-wal`).size).toBe(0);
      expect((await items(storage).get(1))?.name).toBe(name);
    }
    const { engine } = storage.metrics().database;
    expect(engine).toMatchObject({ writerRestarts: 0, readerThreads: 0, walPendingBytes: 0 });
    await storage.close();
    expect(files()).toStrictEqual(['app.db']);
  });

  test('the writer stays while a reader keeps the WAL', async () => {
    const db = await openDatabase({ path, ...SOON });
    const snapshot = await db.database.begin({ access: 'read' });
    await runIn(snapshot, 'select id from item');
    await db.run("insert into item values (2, 'b', 'two')", [], { access: 'write' });
    const [, writer] = started;
    let looks = 0;
    await until(async () => {
      await db.run('select count(*) from item');
      looks += 1;
      return looks === 20;
    });
    expect(running.has(writer as Worker)).toBe(true);
    await snapshot.rollback();
    await until(() => running.size === 0);
    expect(await db.rows('select count(*) as n from item')).toStrictEqual([{ n: 2 }]);
  });

  test('those of many snapshots end, and the next ones start anew', async () => {
    const storage = await open({ ...SOON, snapshots: 100 });
    for (let round = 0; round < 2; round += 1) {
      const all = Promise.withResolvers<void>();
      let begun = 0;
      const reads = Array.from({ length: 12 }, () =>
        storage.read(async (tx) => {
          await tx.repository('item', { key: 'id' }).count();
          begun += 1;
          if (begun === 12) all.resolve();
          await all.promise;
        }),
      );
      await Promise.all(reads);
      await until(() => running.size === 0);
    }
    await storage.close();
  });

  test('serve the next file when theirs is closed', async () => {
    for (let round = 0; round < 5; round += 1) {
      const storage = await open();
      await items(storage).update(1, { name: `round ${round}` });
      expect(await items(storage).count()).toBe(1);
      await storage.close();
      expect(files()).toStrictEqual(['app.db']);
      path = join(await temporaryFolder(), 'app.db');
      await using other = await open();
      await other.migrator.up();
      await items(other).insert({ id: 1, code: null, name: 'other' });
    }
    // A writer and a reader.
    expect(started).toHaveLength(2);
  });

  test('of many files that are closed at once, only a few stay', async () => {
    const folder = await temporaryFolder();
    const storages = await Promise.all(
      Array.from({ length: 9 }, (_, n) =>
        openStorage<Tables>({ url: `sqlite:${join(folder, `${n}.db`)}`, drivers: [sqlite()], migrations }),
      ),
    );
    await Promise.all(storages.map((storage) => storage.migrator.up()));
    expect(running.size).toBeGreaterThanOrEqual(9);
    await Promise.all(storages.map((storage) => storage.close()));
    await until(() => running.size <= 8);
  });

  test('writes that come while the writer ends are made', async () => {
    const storage = await open({ ...SOON, writerIdleMs: 1 });
    for (let id = 2; id < 40; id += 1) {
      await items(storage).insert({ id, code: null, name: 'more' });
      if (id % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await items(storage).count()).toBe(39);
    await storage.close();
    await until(() => running.size === 0);
  });
});

test('more snapshots than may be open wait for their turn', async () => {
  const storage = await open({ snapshots: 2 });
  const counts = await Promise.all(
    Array.from({ length: 20 }, () => storage.read((tx) => tx.repository('item', { key: 'id' }).count())),
  );
  expect(counts).toStrictEqual(Array.from({ length: 20 }, () => 1));
  expect(started.length).toBeLessThanOrEqual(2);
  await storage.close();
});

test('a read by key is served while all reader threads are busy', async () => {
  const db = await openDatabase({ path, readers: 1 });
  const busy = db.rows(busyQuery(300_000), [], { access: 'read' });
  expect(await db.rows('select name from item where id = 1')).toStrictEqual([{ name: 'one' }]);
  await busy;
  expect(existsSync(path)).toBe(true);
});
