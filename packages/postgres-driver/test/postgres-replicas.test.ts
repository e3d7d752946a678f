import { openStorage, type Storage, UsageError } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type Pair, startPair } from './own-standby.js';

interface Tables {
  readonly note: { readonly id: number; readonly text: string };
}

let pair: Pair;
const opened: Storage<Tables>[] = [];
let lastId = 0;

beforeAll(async () => {
  pair = await startPair();
  const storage = await open();
  await sql`create table note (id integer primary key, text text)`.execute(storage.kysely);
  await storage.close();
}, 60_000);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});

async function open(replicas: readonly string[] = [pair.standbyUrl]): Promise<Storage<Tables>> {
  const storage = await openStorage<Tables>({
    url: pair.primary.url,
    drivers: [postgres({ replicas, poolSize: 3 })],
  });
  opened.push(storage);
  return storage;
}

/** Whether a read of `storage` is answered by the standby. */
function readsStandby(storage: Storage<Tables>, after?: string): Promise<boolean> {
  return storage.read(
    async (tx) => {
      const { rows } = await sql<{ is: boolean }>`select pg_is_in_recovery() as is`.execute(tx.kysely);
      return rows[0]?.is === true;
    },
    { after },
  );
}

async function insertNote(storage: Storage<Tables>): Promise<number> {
  lastId += 1;
  await storage.repository('note', { key: 'id' }).insert({ id: lastId, text: 'new' });
  return lastId;
}

test('sends reads to the standby, and writes and single statements to the primary', async () => {
  const storage = await open();
  await until(() => readsStandby(storage));
  const id = await insertNote(storage);
  expect(await storage.repository('note', { key: 'id' }).get(id)).toEqual({ id, text: 'new' });
  await storage.write(async (tx) => {
    const { rows } = await sql<{ is: boolean }>`select pg_is_in_recovery() as is`.execute(tx.kysely);
    expect(rows).toEqual([{ is: false }]);
  });
});

test('reads what it wrote at once, every time', async () => {
  const storage = await open();
  await until(() => readsStandby(storage));
  let fromStandby = 0;
  for (let round = 0; round < 100; round += 1) {
    const id = await insertNote(storage);
    if (round % 2 === 0) await until(() => readsStandby(storage));
    await storage.read(async (tx) => {
      expect(await tx.repository('note', { key: 'id' }).get(id)).toEqual({ id, text: 'new' });
      const { rows } = await sql<{ is: boolean }>`select pg_is_in_recovery() as is`.execute(tx.kysely);
      if (rows[0]?.is === true) fromStandby += 1;
    });
  }
  expect(fromStandby).toBeGreaterThan(0);
});

test('reads its own writes from the primary while the standby is behind, and comes back to it', async () => {
  const storage = await open();
  await until(() => readsStandby(storage));
  await pair.holdReplay(true);
  const id = await insertNote(storage);
  const note = (): Promise<unknown> =>
    storage.read(async (tx) => tx.repository('note', { key: 'id' }).get(id));
  expect(await note()).toEqual({ id, text: 'new' });
  expect(await readsStandby(storage)).toBe(false);
  await pair.holdReplay(false);
  await until(() => readsStandby(storage));
  expect(await note()).toEqual({ id, text: 'new' });
});

test('shows another process what a position names, wherever it reads', async () => {
  const [writer, reader] = [await open(), await open()];
  await until(() => readsStandby(reader));
  await pair.holdReplay(true);
  const id = await insertNote(writer);
  const after = await writer.position();
  expect(after).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  const read = (position?: string): Promise<unknown> =>
    reader.read((tx) => tx.repository('note', { key: 'id' }).get(id), { after: position });
  expect(await read(after)).toEqual({ id, text: 'new' });
  expect(await read()).toBeUndefined();
  await pair.holdReplay(false);
  await until(() => readsStandby(reader, after));
  expect(await read()).toEqual({ id, text: 'new' });
});

test('refuses what is no position', async () => {
  const storage = await open();
  expect(await rejection(readsStandby(storage, 'yesterday'))).toBeInstanceOf(UsageError);
});

test('goes on with the primary when no replica answers', async () => {
  const storage = await open([pair.standbyUrl, 'postgres://nobody@127.0.0.1:1/none']);
  await until(() => readsStandby(storage));
  await pair.stopStandby();
  for (let round = 0; round < 20; round += 1) expect(await readsStandby(storage)).toBe(false);
});
