import { statSync } from 'node:fs';
import { type DatabaseWarning, openStorage, SnapshotTooOldError } from '@sluice/core';
import { type SqliteOptions, sqlite } from '@sluice/sqlite-driver';
import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import type { Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';
import { startChild } from './processes/child.js';

const KIB = 1024;
const MIB = 2 ** 20;
const SMALL = { checkpointBytes: 128 * KIB, walBudgetBytes: MIB, profile: 'test' } as const;

async function openFilled(options: SqliteOptions, warnings: DatabaseWarning[] = []): Promise<OpenedFile> {
  const db = await openDatabase({ ...SMALL, ...options, onWarning: (warning) => warnings.push(warning) });
  await db.run('create table item (id integer primary key, data blob)');
  await write(db, 100);
  return db;
}

/** Writes about `count` × 4 KiB, 16 at a time. */
async function write(db: OpenedFile, count: number): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await db.run('insert into item (data) values (randomblob(3000))', [], { access: 'write' });
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

const walBytes = (db: OpenedFile): number => statSync(`${db.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
const engine = (db: OpenedFile): Readonly<Record<string, number>> => db.database.metrics().engine;

function stream(db: OpenedFile, label: string): AsyncIterator<unknown> {
  const statement = { sql: 'select id, data from item', parameters: [], access: 'read' } as const;
  return db.database.stream(statement, 1, { label })[Symbol.asyncIterator]();
}

describe('the write-ahead log', () => {
  test('is started over again and again while writes and short reads never pause', async () => {
    const db = await openFilled({ checkpointBytes: 256 * KIB, walBudgetBytes: 8 * MIB });
    let isWriting = true;
    const reading = (async () => {
      while (isWriting) await db.rows('select count(*) from item', [], { access: 'read' });
    })();
    await until(async () => {
      await write(db, 200);
      return (engine(db).checkpointFrames ?? 0) > 1000 && (engine(db).walRestarts ?? 0) > 2;
    });
    isWriting = false;
    await reading;
    expect(engine(db)).toMatchObject({ readersEnded: 0, checkpointFailures: 0 });
    expect(await db.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
  });

  test('past its budget, the oldest reader is named and ended, and the log starts over', async () => {
    const warnings: DatabaseWarning[] = [];
    const db = await openFilled({}, warnings);
    const idle = await db.database.begin({ access: 'read', label: 'no snapshot yet' });
    const slow = stream(db, 'nightly export');
    await slow.next();
    const snapshot = await db.database.begin({ access: 'read', label: 'report' });
    await runIn(snapshot, 'select count(*) from item');
    const restarts = engine(db).walRestarts;
    await until(async () => {
      await write(db, 20);
      return engine(db).readersEnded === 2;
    });
    const warned = warnings.map(({ code, details }) => [code, details.label]);
    expect(warned).toStrictEqual([
      ['wal_over_budget', 'nightly export'],
      ['wal_over_budget', 'report'],
    ]);
    expect(warnings[0]?.details.stack).toContain('sqlite-wal.test');
    const ended = await rejection(drain(slow));
    expect(ended).toBeInstanceOf(SnapshotTooOldError);
    expect(ended).toMatchObject({ code: 'snapshot_too_old', retryable: true });
    expect(await rejection(runIn(snapshot, 'select 1'))).toBeInstanceOf(SnapshotTooOldError);
    await snapshot.rollback();
    await runIn(idle, 'select 1');
    await idle.rollback();
    await until(() => engine(db).walRestarts !== restarts);
    await write(db, 20);
    expect(walBytes(db)).toBeLessThan(SMALL.walBudgetBytes);
  });

  test('on request a reader is named and left alone, and the log starts over once it is done', async () => {
    const warnings: DatabaseWarning[] = [];
    const db = await openFilled({ onWalBudget: 'warn' }, warnings);
    const slow = stream(db, 'export');
    await slow.next();
    const restarts = engine(db).walRestarts;
    await until(async () => {
      await write(db, 20);
      return warnings.length > 0;
    });
    expect(walBytes(db)).toBeGreaterThan(SMALL.walBudgetBytes);
    expect(engine(db).oldestReaderMs).toBeGreaterThan(0);
    expect(await drain(slow)).toBe(99);
    await until(async () => {
      await write(db, 20);
      return engine(db).walRestarts !== restarts;
    });
    await write(db, 20);
    expect(walBytes(db)).toBeLessThan(SMALL.walBudgetBytes);
    expect(warnings.map(({ details }) => details.label)).toStrictEqual(['export']);
    expect(engine(db).readersEnded).toBe(0);
  });

  test('a reader of another process is no more than told of', async () => {
    const warnings: DatabaseWarning[] = [];
    const db = await openFilled({}, warnings);
    const reader = startChild('hold-snapshot.mjs', db.path);
    await until(() => reader.lines.includes('reading'));
    await until(async () => {
      await write(db, 50);
      return warnings.length > 0;
    });
    expect(warnings[0]).toMatchObject({ code: 'wal_over_budget' });
    expect(warnings[0]?.details.label).toBeUndefined();
    expect(warnings[0]?.message).toContain('another process');
    reader.process.stdin?.end();
    await reader.ended;
    await until(async () => {
      await write(db, 50);
      return engine(db).walRestarts !== 0;
    });
  });

  test.each(['closes', 'is killed'])(
    'is back within its budget, with nothing written, once the reader of another process %s',
    async (how) => {
      const warnings: DatabaseWarning[] = [];
      const db = await openFilled({}, warnings);
      const reader = startChild('hold-snapshot.mjs', db.path);
      await until(() => reader.lines.includes('reading'));
      await write(db, 1000);
      await until(() => warnings.length > 0);
      expect(walBytes(db)).toBeGreaterThan(SMALL.walBudgetBytes);
      if (how === 'closes') reader.process.stdin?.end();
      else reader.process.kill('SIGKILL');
      await reader.ended;
      await until(() => walBytes(db) < SMALL.walBudgetBytes && engine(db).walPendingBytes === 0);
      expect(await db.rows('select count(*) as count from item')).toStrictEqual([{ count: 1100 }]);
    },
  );

  test('is copied, with nothing written, once the snapshot of another process ends that kept most of it from that', async () => {
    const db = await openFilled({ walBudgetBytes: 256 * MIB });
    const reader = startChild('hold-snapshot.mjs', db.path);
    await until(() => reader.lines.includes('reading'));
    await write(db, 200);
    await until(() => (engine(db).checkpoints ?? 0) > 1);
    expect(engine(db).walPendingBytes).toBeGreaterThan(SMALL.checkpointBytes);
    reader.process.stdin?.end();
    await reader.ended;
    await until(() => (engine(db).walPendingBytes ?? 0) < SMALL.checkpointBytes);
  });

  test('is emptied by whoever closes, although another process has the file open', async () => {
    const db = await openFilled({});
    const other = startChild('hold-snapshot.mjs', db.path, 'idle');
    await until(() => other.lines.includes('reading'));
    await db.database.close();
    expect(walBytes(db)).toBe(0);
    other.process.stdin?.end();
    expect(await other.ended).toBe(0);
  });
});

async function drain(batches: AsyncIterator<unknown>): Promise<number> {
  let count = 0;
  while (!(await batches.next()).done) count += 1;
  return count;
}

describe('profiles', () => {
  const settings = async (options: SqliteOptions): Promise<unknown> => {
    const db = await openDatabase(options);
    const read = async (name: string): Promise<unknown> =>
      Object.values((await db.rows(`pragma ${name}`))[0] ?? {})[0];
    const transaction = await db.database.begin({ access: 'write' });
    const [synchronous] = Object.values((await runIn(transaction, 'pragma synchronous')).rows[0] ?? {});
    await transaction.rollback();
    const { survivesPowerLoss } = db.database.capabilities;
    return [
      await read('cache_size'),
      await read('temp_store'),
      await read('mmap_size'),
      synchronous,
      survivesPowerLoss,
    ];
  };

  test.each<[SqliteOptions, unknown[]]>([
    [{}, [-16_384, 1, 0, 2, true]],
    [{ profile: 'server' }, [-16_384, 1, 0, 2, true]],
    [{ profile: 'pi' }, [-2048, 1, 0, 2, true]],
    [{ profile: 'pi', durability: 'normal' }, [-2048, 1, 0, 1, false]],
    [{ profile: 'test' }, [-2048, 2, 0, 0, false]],
    [{ cacheBytes: 4 * MIB, mmapBytes: MIB, tempStore: 'memory' }, [-4096, 2, MIB, 2, true]],
  ])('%j sets the connections up', async (options, expected) => {
    expect(await settings(options)).toStrictEqual(expected);
  });

  test.each([
    [{ profile: 'laptop' as never }, 'profile'],
    [{ checkpointBytes: 1 }, 'checkpointBytes'],
    [{ walBudgetBytes: 5 * MIB }, 'walBudgetBytes'],
    [{ onWalBudget: 'panic' as never }, 'onWalBudget'],
  ])('refuses the options %j, naming the one', (options, name) => {
    expect(() => sqlite(options)).toThrow(name);
  });
});

test('a storage hands warnings to its listeners', async () => {
  const path = `${await temporaryFolder()}/app.db`;
  const drivers = [sqlite({ ...SMALL, onWalBudget: 'warn' })];
  const storage = await openStorage<{ item: { data: string } }>({ url: `sqlite:${path}`, drivers });
  await storage.kysely.schema.createTable('item').addColumn('data', 'text').execute();
  const heard: DatabaseWarning[] = [];
  storage.on('warning', (warning) => heard.push(warning));
  const finished = Promise.withResolvers<void>();
  const reading = storage.read((tx) => holdSnapshot(tx.kysely, finished.promise), { label: 'long read' });
  const rows = Array.from({ length: 50 }, () => ({ data: 'x'.repeat(3000) }));
  await until(async () => {
    await storage.kysely.insertInto('item').values(rows).execute();
    return heard.length > 0;
  });
  finished.resolve();
  await reading;
  expect(heard[0]).toMatchObject({ code: 'wal_over_budget', details: { label: 'long read' } });
  await storage.close();
});

async function holdSnapshot(kysely: Kysely<{ item: { data: string } }>, until: Promise<void>): Promise<void> {
  await kysely.selectFrom('item').selectAll().execute();
  await until;
}
