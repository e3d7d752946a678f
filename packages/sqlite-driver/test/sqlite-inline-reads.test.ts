import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface Tables {
  item: { id: number; name: string | null; big: bigint; on: boolean; at: Date; bytes: Uint8Array };
}

const ROW = {
  id: 1,
  name: 'one',
  big: 2n ** 62n,
  on: true,
  at: new Date(0),
  bytes: new Uint8Array([1, 2]),
};

/** Lets time pass in one turn of the event loop. */
function pass(ms: number): void {
  const since = performance.now();
  while (performance.now() - since < ms);
}

describe('C7 reads by key on the calling thread', () => {
  let folder: string;
  let storage: Storage<Tables>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-inline-'));
    storage = await open();
    await storage.migrator.up();
    await items().insert(ROW);
  });

  afterEach(async () => {
    await storage.close();
    await rm(folder, { recursive: true });
  });

  test('gives the values a reader thread gives', async () => {
    await using threaded = await open({ inlineReads: false });
    const inline = await items().get(1);
    expect(inline).toStrictEqual(await threaded.repository('item', { key: 'id' }).get(1));
    expect(inline).toStrictEqual(ROW);
    expect(storage.metrics().database.engine.inlineReads).toBe(1);
    expect(threaded.metrics().database.engine.inlineReads).toBe(0);
  });

  test('sees what another connection committed just before, in the same turn of the event loop', async () => {
    const other = new Sqlite(path());
    await items().get(1);
    other.prepare('update item set name = ?').run('two');
    const together = [items().get(1), items().get(1)];
    other.prepare('update item set name = ?').run('three');
    expect((await together[0])?.name).toBe('three');
    expect((await items().get(1))?.name).toBe('three');
    other.close();
  });

  test('follows a schema that another connection changed in the same turn', async () => {
    const other = new Sqlite(path());
    await items().get(1);
    other.exec('alter table item add column extra boolean');
    other.exec('update item set extra = 1');
    pass(2);
    expect(await items().get(1)).toStrictEqual({ ...ROW, extra: true });
    other.exec('alter table item rename column name to title');
    pass(2);
    const { name, ...rest } = ROW;
    expect(await items().get(1)).toStrictEqual({ ...rest, title: name, extra: true });
    other.close();
  });

  test('recovers at once from a statement that no longer fits', async () => {
    const other = new Sqlite(path());
    let column = 'name';
    for (let round = 0; round < 50; round += 1) {
      await items().get(1);
      other.exec(`alter table item rename column ${column} to name_${round}`);
      column = `name_${round}`;
      expect(await items().get(1)).toMatchObject({ [column]: 'one' });
    }
    other.close();
  });

  test('lets the event loop turn while a caller reads without end', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    for (let reads = 0; reads < 20_000; reads += 1) await items().get(1);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  test('leaves rows that take long to a thread', async () => {
    await items().update(1, { bytes: new Uint8Array(16 * 2 ** 20) });
    for (let reads = 0; reads < 8; reads += 1) await items().get(1);
    expect(storage.metrics().database.engine.inlineReads).toBeLessThan(8);
  });

  test('refuses what was aborted or is out of time', async () => {
    await expect(items().get(1, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    await expect(items().get(1, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'timeout' });
  });

  test('answers what was asked before the storage was closed', async () => {
    const reads = [items().get(1), items().get(2)];
    await storage.close();
    expect(await Promise.all(reads)).toStrictEqual([ROW, undefined]);
    await expect(items().get(1)).rejects.toMatchObject({ code: 'closed' });
  });

  const path = (): string => join(folder, 'app.db');
  const items = () => storage.repository('item', { key: 'id' });

  function open(options: { readonly inlineReads?: boolean } = {}): Promise<Storage<Tables>> {
    return openStorage<Tables>({
      url: `sqlite:${path()}`,
      drivers: [sqlite(options)],
      migrations: {
        getMigrations: async () => ({
          '001_item': {
            up: async (kysely) => {
              await kysely.schema
                .createTable('item')
                .addColumn('id', 'integer', (column) => column.primaryKey())
                .addColumn('name', 'text')
                .addColumn('big', 'bigint')
                .addColumn('on', 'boolean')
                .addColumn('at', 'timestamptz')
                .addColumn('bytes', 'bytea')
                .execute();
            },
          },
        }),
      },
    });
  }
});
