import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface Tables {
  item: { id: number; parent: number | null };
}

describe('interactive transactions share a COMMIT', () => {
  let folder: string;
  let storage: Storage<Tables>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-shared-'));
    storage = await openStorage<Tables>({
      url: `sqlite:${join(folder, 'app.db')}`,
      drivers: [sqlite()],
      migrations: {
        getMigrations: async () => ({
          '001_item': {
            up: async (kysely) => {
              await sql`create table item (
                id integer primary key check (typeof(id) = 'integer'),
                parent integer references item (id) deferrable initially deferred
              )`.execute(kysely);
              await sql`create trigger no_13 before insert on item when new.id = 13
                begin select raise(rollback, 'thirteen'); end`.execute(kysely);
            },
          },
        }),
      },
    });
    await storage.migrator.up();
  });

  afterEach(async () => {
    await storage.close();
    await rm(folder, { recursive: true });
  });

  test('those that wait at the same time take few flushes of the disk', async () => {
    const before = engine('fsyncCommits');
    await Promise.all(Array.from({ length: 100 }, (_, id) => storage.write((tx) => insert(tx, id + 100))));
    expect(await items().count()).toBe(100);
    expect(engine('fsyncCommits') - before).toBeLessThan(50);
    expect(storage.metrics().database.commits).toBeGreaterThanOrEqual(100);
  });

  test('one that throws is undone alone', async () => {
    const work = Array.from({ length: 30 }, (_, id) =>
      storage.write(async (tx) => {
        await insert(tx, id + 100);
        if (id % 3 === 0) throw new Error('no');
      }),
    );
    const settled = await Promise.allSettled(work);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(await items().count()).toBe(20);
  });

  test('one that undoes the whole transaction, by a trigger, loses nobody else', async () => {
    const work = Array.from({ length: 30 }, (_, id) => storage.write((tx) => insert(tx, id)));
    const settled = await Promise.allSettled(work);
    expect(settled.map(({ status }) => status === 'rejected').indexOf(true)).toBe(13);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect((await items().find({ orderBy: { id: 'asc' } })).map(({ id }) => id)).toStrictEqual(
      Array.from({ length: 30 }, (_, id) => id).filter((id) => id !== 13),
    );
  });

  test('one whose deferred foreign key fails the COMMIT is told so, and it alone', async () => {
    const work = Array.from({ length: 30 }, (_, id) =>
      storage.write((tx) => insert(tx, id + 100, id === 7 ? 999 : null)),
    );
    const settled = await Promise.allSettled(work);
    const rejected = settled.flatMap((each, index) =>
      each.status === 'rejected' ? [[index, each.reason]] : [],
    );
    expect(rejected).toMatchObject([[7, { code: 'foreign_key_violation' }]]);
    expect(await items().count()).toBe(29);
  });

  test('one that thinks for long is made again, and keeps nobody waiting', async () => {
    let runs = 0;
    const quick = storage.write((tx) => insert(tx, 100));
    const slow = storage.write(async (tx) => {
      runs += 1;
      await insert(tx, 101);
      await sleep(400);
      await insert(tx, 102);
    });
    let isSlowDone = false;
    void slow.then(() => {
      isSlowDone = true;
    });
    await quick;
    expect(isSlowDone).toBe(false);
    await slow;
    expect(runs).toBe(2);
    expect(storage.metrics().replays).toStrictEqual({ yielded: 1 });
    expect(await items().count()).toBe(3);
  });

  test('a plain Kysely transaction has its COMMIT to itself, whatever those around it do', async () => {
    let runs = 0;
    const before = storage.write((tx) => insert(tx, 100));
    const plain = storage.kysely.transaction().execute(async (trx) => {
      runs += 1;
      await trx.insertInto('item').values({ id: 101, parent: null }).execute();
      await sleep(20);
      await trx.insertInto('item').values({ id: 102, parent: null }).execute();
    });
    const after = Promise.allSettled([
      storage.write((tx) => insert(tx, 103)),
      storage.write((tx) => insert(tx, 13)),
      storage.write((tx) => insert(tx, 104, 999)),
    ]);
    await Promise.all([before, plain]);
    expect(runs).toBe(1);
    expect((await after).map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'rejected']);
    expect((await items().find({ orderBy: { id: 'asc' } })).map(({ id }) => id)).toStrictEqual([
      100, 101, 102, 103,
    ]);
  });

  test('an error that rests on what another one did is told once that is durable', async () => {
    const first = storage.write((tx) => insert(tx, 100));
    const second = storage.write((tx) => insert(tx, 100));
    const order: string[] = [];
    await Promise.all([
      first.then(() => order.push('first')),
      second.catch(({ code }: { code: string }) => order.push(code)),
    ]);
    expect(order).toStrictEqual(['first', 'unique_violation']);
  });

  test('close finishes those that wait for their COMMIT', async () => {
    const work = Array.from({ length: 40 }, (_, id) => storage.write((tx) => insert(tx, id + 100)));
    await storage.close();
    expect(await Promise.allSettled(work)).toHaveLength(40);
    expect((await Promise.allSettled(work)).every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  const items = () => storage.repository('item', { key: 'id' });
  const engine = (name: string): number => storage.metrics().database.engine[name] ?? Number.NaN;

  async function insert(
    tx: Pick<Storage<Tables>, 'repository'>,
    id: number,
    parent: number | null = null,
  ): Promise<void> {
    await tx.repository('item', { key: 'id' }).insert({ id, parent });
  }
});
