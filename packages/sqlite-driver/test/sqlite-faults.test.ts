import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import {
  type ConnectionError,
  type DatabaseTransaction,
  type DatabaseWarning,
  type SluiceError,
  StorageFullError,
} from '@sluice/core';
import { checkIntegrity } from '@sluice/sqlite-driver';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';
import { type Child, startChild, startChildAs } from './processes/child.js';

const ROUNDS = Number(process.env.SLUICE_FAULT_ROUNDS ?? 12);
const isRoot = process.getuid?.() === 0;

async function createTables(): Promise<string> {
  const db = await openDatabase();
  await db.run('create table one (key text primary key, padding text)');
  await db.run('create table pair (id text, half integer, primary key (id, half))');
  await db.database.close();
  return db.path;
}

describe('kill -9', () => {
  test(`${ROUNDS} times at random moments under load: what was acknowledged is there, nothing is half, the file is sound`, {
    timeout: 60_000 + ROUNDS * 5000,
  }, async () => {
    const path = await createTables();
    const acknowledged = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      // One goes down alone, and in every other round two that contend for the file.
      const children = ['a', 'b']
        .slice(0, 1 + (round % 2))
        .map((name) => startChild('load.mjs', path, `${round}${name}`));
      await until(() => children.every(({ lines }) => lines.length > 20));
      for (const child of children) await killSoon(child);
      for (const { lines } of children) for (const line of lines) acknowledged.add(line);
      assertKept(path, acknowledged);
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 20);
    expect(await checkIntegrity(path)).toMatchObject({ isSound: true });
  });

  async function killSoon(child: Child): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    child.process.kill('SIGKILL');
    await child.ended;
  }

  function assertKept(path: string, acknowledged: ReadonlySet<string>): void {
    const plain = new Sqlite(path);
    const stored = new Set(plain.prepare<unknown[], string>(`select 'one ' || key from one`).pluck().all());
    const pairs = plain.prepare<unknown[], { id: string; halves: number }>(
      'select id, count(*) as halves from pair group by id',
    );
    const halves = pairs.all();
    for (const { id } of halves) stored.add(`pair ${id}`);
    expect(halves.filter(({ halves: count }) => count !== 2)).toStrictEqual([]);
    expect([...acknowledged].filter((line) => !stored.has(line))).toStrictEqual([]);
    expect(plain.pragma('quick_check', { simple: true })).toBe('ok');
    plain.close();
  }
});

describe('a thread is ended under load', () => {
  const workers: Worker[] = [];
  const note = (worker: Worker): number => workers.push(worker);
  afterEach(() => {
    process.off('worker', note);
  });

  test('every call learns what became of it, and the storage goes on', async () => {
    process.on('worker', note);
    const db = await openDatabase({ profile: 'test', checkpointBytes: 65_536, walBudgetBytes: 262_144 });
    await db.run('create table item (id integer primary key, data blob)');
    const [kept, lost, unknown] = [new Set<number>(), new Set<number>(), new Set<number>()];
    let next = 0;
    let isDone = false;
    const insert = async (): Promise<void> => {
      while (!isDone) {
        const id = next++;
        try {
          await db.run('insert into item values (?, zeroblob(2000))', [id], { access: 'write' });
          kept.add(id);
        } catch (error) {
          ((error as ConnectionError).code === 'commit_unknown' ? unknown : lost).add(id);
        }
      }
    };
    const inserting = Promise.all(Array.from({ length: 16 }, insert));
    for (let round = 1; round <= 10; round += 1) {
      await until(() => kept.size > round * 100);
      const alive = workers.filter(({ threadId }) => threadId !== -1);
      await alive[round % alive.length]?.terminate();
    }
    await until(() => kept.size > 1500 && (db.database.metrics().engine.checkpoints ?? 0) > 0);
    isDone = true;
    await inserting;
    const stored = new Set((await db.rows('select id from item')).map(({ id }) => id as number));
    expect([...kept].filter((id) => !stored.has(id))).toStrictEqual([]);
    expect([...lost].filter((id) => stored.has(id))).toStrictEqual([]);
    expect(stored.size).toBeLessThanOrEqual(kept.size + unknown.size);
    expect(await db.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
  });
});

describe('the disk', () => {
  const mounts: string[] = [];
  afterEach(() => {
    for (const folder of mounts.splice(0)) execFileSync('umount', ['-l', folder]);
  });

  async function mountSmallDisk(megabytes: number): Promise<string> {
    const folder = join(await temporaryFolder(), 'disk');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
    mounts.push(folder);
    return folder;
  }

  // Only root mounts. For anybody else the limit below stands for the full disk, and missing rights for the read-only one.
  if (isRoot) {
    test('is full: the calls concerned say so, what was acknowledged is kept, and it goes on once there is room', async () => {
      const folder = await mountSmallDisk(6);
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(3 * 2 ** 20));
      const warnings: DatabaseWarning[] = [];
      const path = join(folder, 'app.db');
      const onWarning = (warning: DatabaseWarning): number => warnings.push(warning);
      const db = await openDatabase({ path, onWarning, checkpointBytes: 65_536, walBudgetBytes: 2 ** 20 });
      await db.run('create table item (id integer primary key, data blob)');
      const { kept, errors } = await fillUp(db);
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) expect(error).toBeInstanceOf(StorageFullError);
      expect(kept.length).toBeGreaterThan(50);
      expect(await storedIds(db)).toStrictEqual(kept);
      const transaction = await db.database.begin({ access: 'write' });
      await runIn(transaction, 'insert into item values (-1, ?)', [Buffer.alloc(4 * 2 ** 20)]);
      expect(await rejection(transaction.commit())).toBeInstanceOf(StorageFullError);
      expect(await rejection(db.database.backup(join(folder, 'backup'), {}))).toBeInstanceOf(
        StorageFullError,
      );
      rmSync(join(folder, 'ballast'));
      await db.run('insert into item values (1000000, null)', [], { access: 'write' });
      expect(await storedIds(db)).toStrictEqual([...kept, 1_000_000]);
      await db.database.close();
      expect(await checkIntegrity(path)).toMatchObject({ isSound: true });
      expect(readdirSync(folder)).toStrictEqual(['app.db']);
    });

    test('is mounted read-only: opening says what is wrong', async () => {
      const folder = await mountSmallDisk(6);
      const db = await openDatabase({ path: join(folder, 'app.db') });
      await db.run('create table item (id integer primary key)');
      await db.database.close();
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      const refused = await rejection(openDatabase({ path: join(folder, 'app.db') }));
      expect(refused).toMatchObject({ name: 'ConfigurationError', code: 'path_unusable' });
      expect(await rejection(openDatabase({ path: join(folder, 'new.db') }))).toMatchObject({
        code: 'path_unusable',
      });
      execFileSync('mount', ['-o', 'remount,rw', folder]);
      const again = await openDatabase({ path: join(folder, 'app.db') });
      await again.run('insert into item values (1)', [], { access: 'write' });
    });
  }

  test('takes no larger file (RLIMIT_FSIZE): the calls concerned say that it is full, and what was acknowledged is kept', async () => {
    const path = await createTables();
    const child = startChild('fill-up.mjs', path);
    expect(await child.ended).toBe(0);
    const codes = new Set(child.lines.filter((line) => line.startsWith('error ')));
    // Linux alone tells the limit; elsewhere it is a disk that reports an error.
    const code = process.platform === 'linux' ? 'storage_full' : 'connection_failed';
    expect([...codes]).toStrictEqual([`error ${code}`]);
    const kept = child.lines.filter((line) => line.startsWith('one ')).map((line) => line.slice(4));
    const db = await openDatabase({ path });
    const stored = (await db.rows('select key from one')).map(({ key }) => key);
    expect(kept.length).toBeGreaterThan(50);
    expect(stored.sort()).toStrictEqual(kept.sort());
    expect(await db.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
  });

  /** Inserts 16 rows at a time until there is no room, and says what became of each. */
  async function fillUp(db: OpenedFile): Promise<{ kept: number[]; errors: unknown[] }> {
    const kept: number[] = [];
    const errors: unknown[] = [];
    let next = 0;
    const insert = async (): Promise<void> => {
      while (errors.length === 0) {
        const id = next++;
        try {
          await db.run('insert into item values (?, randomblob(3000))', [id], { access: 'write' });
          kept.push(id);
        } catch (error) {
          errors.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: 16 }, insert));
    return { kept: kept.sort((a, b) => a - b), errors };
  }

  async function storedIds(db: OpenedFile): Promise<unknown[]> {
    return (await db.rows('select id from item order by id')).map(({ id }) => id);
  }
});

describe('the file changes while it is open', () => {
  const insert = (db: OpenedFile, id: number): Promise<unknown> =>
    db.run('insert into item values (?)', [id], { access: 'write' });
  const begin = (db: OpenedFile): Promise<DatabaseTransaction> =>
    db.database.begin({ access: 'write', isReplayable: true });
  const changed = { code: 'file_changed', retryable: false, cause: { code: 'SQLITE_READONLY_DBMOVED' } };

  async function openWithItem(): Promise<OpenedFile> {
    const db = await openDatabase();
    await db.run('create table item (id integer primary key)');
    await insert(db, 1);
    return db;
  }

  /** Before a write, and for reads, nobody looks more often than every ten milliseconds. */
  function untilLookedAt(): Promise<void> {
    const since = performance.now();
    return until(() => performance.now() - since > 12);
  }

  test.each(['', '-wal', '-shm'])(
    'app.db%s is moved away: nothing more is executed, nothing is copied, and no empty file takes its place',
    async (part) => {
      const db = await openWithItem();
      renameSync(db.path + part, `${db.path}.away`);
      await untilLookedAt();
      const file = part === '' ? `${db.path}.away` : db.path;
      const [before, names] = [readFileSync(file), readdirSync(dirname(file))];
      for (const id of [2, 3]) expect(await rejection(insert(db, id))).toMatchObject(changed);
      expect(await rejection(begin(db))).toMatchObject(changed);
      const batch = { sql: 'insert into item values (4)', parameters: [], access: 'write' } as const;
      expect(await rejection(db.database.batch?.([batch], {}) ?? Promise.resolve())).toMatchObject(changed);
      expect(await rejection(db.rows('select * from item'))).toMatchObject(changed);
      expect(await rejection(db.database.ping({}))).toMatchObject(changed);
      expect(await rejection(db.database.backup(`${db.path}.backup`, {}))).toMatchObject(changed);
      await db.database.close();
      expect(readFileSync(file)).toStrictEqual(before);
      expect(readdirSync(dirname(file))).toStrictEqual(names);
    },
  );

  test('a reader finds it out by itself', async () => {
    const db = await openWithItem();
    const snapshot = await db.database.begin({ access: 'read' });
    rmSync(`${db.path}-wal`);
    await untilLookedAt();
    expect(await rejection(runIn(snapshot, 'select * from item'))).toMatchObject(changed);
    expect(await rejection(db.rows('select * from item'))).toMatchObject(changed);
  });

  test.each(['-wal', '-shm'])(
    '%s is deleted while a transaction is open: it is not committed',
    async (part) => {
      const db = await openWithItem();
      const transaction = await begin(db);
      await runIn(transaction, 'insert into item values (2)');
      rmSync(db.path + part);
      expect(await rejection(transaction.commit())).toMatchObject(changed);
      expect(await rejection(insert(db, 3))).toMatchObject(changed);
    },
  );

  test('while several share a COMMIT: none is committed', async () => {
    const db = await openWithItem();
    const first = await begin(db);
    const begun = begin(db);
    await runIn(first, 'insert into item values (2)');
    const committed = rejection(first.commit());
    const second = await begun;
    await runIn(second, 'insert into item values (3)');
    rmSync(`${db.path}-shm`);
    expect(await rejection(second.commit())).toMatchObject(changed);
    expect(await committed).toMatchObject(changed);
  });

  test('a rollback is one all the same', async () => {
    const db = await openWithItem();
    const transaction = await begin(db);
    await runIn(transaction, 'insert into item values (2)');
    rmSync(`${db.path}-wal`);
    await transaction.rollback();
    expect(await rejection(insert(db, 3))).toMatchObject(changed);
  });

  test('replaced by another file: no write is acknowledged, and neither file is mixed with the other', async () => {
    const db = await openWithItem();
    const other = await openDatabase({ path: `${db.path}.other` });
    await other.run('create table item (id integer primary key)');
    await other.database.close();
    renameSync(`${db.path}.other`, db.path);
    expect(['commit_unknown', 'file_changed']).toContain(
      ((await rejection(insert(db, 2))) as SluiceError).code,
    );
    expect(await rejection(insert(db, 3))).toMatchObject(changed);
    await db.database.close();
    for (const part of ['-wal', '-shm']) rmSync(db.path + part, { force: true });
    const again = await openDatabase({ path: db.path });
    expect(await again.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
    expect(await again.rows('select * from item')).toStrictEqual([]);
  });

  test.each(['exit', 'end'])('the process ends without closing (%s): it copies nothing', async (how) => {
    const path = join(await temporaryFolder(), 'app.db');
    const child = startChild('leave-changed.mjs', path, how);
    await until(() => child.lines.length > 0);
    expect(child.lines).toStrictEqual(['file_changed']);
    const before = readFileSync(path);
    child.process.stdin?.write('\n');
    expect(await child.ended).toBe(0);
    expect(readFileSync(path)).toStrictEqual(before);
  });

  test('pages given back, a WAL that starts over and other names in the folder are no such change', async () => {
    const db = await openDatabase({ checkpointBytes: 65_536, walBudgetBytes: 262_144 });
    await db.run('create table item (id integer primary key, data blob)');
    const plain = new Sqlite(db.path, { timeout: 10_000 });
    for (let round = 0; round < 20; round += 1) {
      await db.run('insert into item values (null, zeroblob(200000))', [], { access: 'write' });
      writeFileSync(`${db.path}.${round}`, '');
      plain.prepare('delete from item').run();
      plain.pragma('incremental_vacuum');
      plain.pragma(`wal_checkpoint(${round % 2 === 0 ? 'truncate' : 'restart'})`);
      const since = performance.now();
      await until(() => performance.now() - since > 2);
    }
    plain.close();
    await db.run('insert into item values (null, null)', [], { access: 'write' });
    expect(await db.rows('select count(*) as n from item')).toStrictEqual([{ n: 1 }]);
  });
});

describe('rights are taken away while the file is open', () => {
  test('what is open goes on, what opens is told, and all is well once they are back', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'app.db');
    // No rights stop root.
    const identity = isRoot ? { uid: 65_534, gid: 65_534 } : {};
    if (isRoot) execFileSync('chown', ['65534:65534', folder]);
    const child = startChildAs(identity, 'lose-rights.mjs', path);
    expect(await child.ended).toBe(0);
    expect(child.lines).toStrictEqual(['written', 'refused path_unusable', 'opened 2']);
  });
});
