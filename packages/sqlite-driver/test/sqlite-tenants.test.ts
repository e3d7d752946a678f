import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { sqlite } from '@sluice/sqlite-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase, temporaryFolder } from './opened-database.js';
import { startChild } from './processes/child.js';

/** How many files are open at once. The aim is 1,000. */
const TENANTS = Number(process.env.SLUICE_TEST_TENANTS ?? 200);

const MOST_MIB_PER_FILE = 3;

/** Writers, readers and checkpointers, each at most as many as {@link availableParallelism} within 2 and 8, and some room. */
const MOST_THREADS = 3 * Math.max(2, Math.min(8, availableParallelism())) + 6;

/** A database with one row. */
async function createTemplate(): Promise<string> {
  const db = await openDatabase();
  await db.run('create table item (id integer primary key, name text)');
  await db.run("insert into item values (1, 'one')", [], { access: 'write' });
  await db.database.close();
  return db.path;
}

test(`${TENANTS} files are open at once with few threads and little memory`, {
  timeout: 600_000,
}, async () => {
  const folder = join(await temporaryFolder(), 'tenants');
  mkdirSync(folder);
  const child = startChild('many-tenants.mjs', await createTemplate(), folder, String(TENANTS));
  expect(await child.ended).toBe(0);
  const report = JSON.parse(child.lines[0] ?? '{}');
  expect(report).toMatchObject({
    isRight: true,
    opened: { threads: 0 },
    idle: { threads: 0 },
    files: TENANTS,
  });
  expect(report.mostThreads).toBeLessThanOrEqual(MOST_THREADS);
  expect(report.opened.mib).toBeLessThan(MOST_MIB_PER_FILE * TENANTS);
  expect(report.idle.mib).toBeLessThan(MOST_MIB_PER_FILE * TENANTS + 200);
});

test('a transaction that waits for another file gets a thread, although all are held', async () => {
  const template = await createTemplate();
  const folder = await temporaryFolder();
  const { backup, close } = await sqlite()
    .open(`sqlite:${template}`)
    .then((database) => ({
      backup: (path: string) => database.backup(path, {}),
      close: () => database.close(),
    }));
  const paths = Array.from({ length: 24 }, (_, index) => join(folder, `${index}.db`));
  for (const path of paths) await backup(path);
  await close();
  const files = await Promise.all(paths.map((path) => openDatabase({ path, profile: 'tenants' })));
  const [inner, ...outer] = files;
  let held = 0;
  await Promise.all(
    outer.slice(0, 10).map(async (file) => {
      const transaction = await file.database.begin({ access: 'write' });
      await transaction.execute(
        { sql: "insert into item values (2, 'two')", parameters: [], access: 'write' },
        {},
      );
      held += 1;
      await until(() => held >= 3);
      await inner?.run("insert into item (name) values ('inner')", [], { access: 'write' });
      await transaction.commit();
    }),
  );
  expect(await inner?.rows('select count(*) as n from item')).toStrictEqual([{ n: 11 }]);
});

test('a read that waits for a thread that others hold ends at its deadline', async () => {
  const path = await createTemplate();
  const openOne = () => openDatabase({ path, profile: 'tenants' });
  const holders = await Promise.all(Array.from({ length: MOST_THREADS }, openOne));
  const waiting = await openOne();
  let granted = 0;
  const held = holders.map(async ({ database }) => {
    const transaction = await database.begin({ access: 'read' });
    granted += 1;
    return transaction;
  });
  await Promise.race(held);
  const read = { sql: 'select count(*) from item', parameters: [], access: 'read' } as const;
  const inVain = [{ deadline: performance.now() + 1 }, { signal: AbortSignal.abort() }].map((wait) =>
    rejection(waiting.database.execute(read, wait)),
  );
  expect(await Promise.all(inVain)).toMatchObject([{ code: 'timeout' }, { code: 'aborted' }]);
  expect(granted).toBeLessThan(holders.length);
  for (const transaction of held) await (await transaction).rollback();
  expect(await waiting.rows('select count(*) as n from item')).toStrictEqual([{ n: 1 }]);
});

test('files are closed while others need their threads', { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  const tenant = async (number: number): Promise<void> => {
    for (let round = 0; round < 60; round += 1) {
      const db = await openDatabase({ path: join(folder, `${number}.db`), profile: 'tenants' });
      await db.run('create table if not exists item (id integer primary key)', [], { access: 'write' });
      await db.run('insert into item values (null)', [], { access: 'write' });
      await db.database.close();
    }
    const db = await openDatabase({ path: join(folder, `${number}.db`), profile: 'tenants' });
    expect(await db.rows('select count(*) as rows from item')).toStrictEqual([{ rows: 60 }]);
  };
  await Promise.all([0, 1, 2, 3, 4].map(tenant));
});

test('a watch takes no thread that serves several files', async () => {
  const running = new Set<Worker>();
  const note = (worker: Worker): void => {
    running.add(worker);
    worker.once('exit', () => running.delete(worker));
  };
  const { database } = await openDatabase({ path: await createTemplate(), profile: 'tenants' });
  process.on('worker', note);
  const unwatch = await database.watch?.(['item'], { changed: () => {}, failed: () => {} }, {});
  expect(running.size).toBe(1);
  await unwatch?.();
  await database.close();
  process.off('worker', note);
  await until(() => running.size === 0);
});

test('a profile may be overridden', async () => {
  const db = await openDatabase({ profile: 'tenants', cacheBytes: 2 ** 20 });
  expect(await db.rows('pragma cache_size')).toStrictEqual([{ cache_size: -1024 }]);
});
