import type { Storage, StorageTransaction } from '@sluice/core';
import type { PostgresOptions } from '@sluice/postgres-driver';
import { until } from '@sluice/testkit/driver-tests';
import type { Generated } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { type OpenedStorage, openTables } from './opened-storage.js';

interface Tables {
  readonly counter: { readonly id: number; readonly value: number };
  readonly entry: {
    readonly id: number;
    readonly parent: number | null;
    readonly transaction: Generated<string>;
    readonly process: Generated<number>;
  };
}

const SCHEMA = [
  'create table counter (id integer primary key, value integer not null)',
  'insert into counter values (1, 0)',
  `create table entry (
    id integer primary key,
    parent integer references entry deferrable initially deferred,
    "transaction" text not null default pg_current_xact_id()::text,
    process integer not null default pg_backend_pid()
  )`,
];

const LABEL = 'hot';

type Work = (tx: StorageTransaction<Tables>) => Promise<unknown>;

/** A storage whose writers have undone each other until one at a time is let in. */
async function openHot(options: PostgresOptions = {}): Promise<Storage<Tables>> {
  return (await openHotAt(options)).storage;
}

async function openHotAt(options: PostgresOptions = {}): Promise<OpenedStorage<Tables>> {
  const { storage, url } = await openTables<Tables>(SCHEMA, { poolSize: 2, ...options });
  const raise: Work = async (tx) => {
    const counters = tx.repository('counter', { key: 'id' });
    const { value } = await counters.getOrThrow(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await counters.update(1, { value: value + 1 });
  };
  while ((storage.metrics().replays.serialization ?? 0) < 2)
    await Promise.all([storage.write(raise, { label: LABEL }), storage.write(raise, { label: LABEL })]);
  return { storage, url };
}

/** Begins `works` together: the first one waits with its first statement until the others wait for it. */
function writeTogether(storage: Storage<Tables>, [first, ...others]: readonly Work[]): Promise<unknown>[] {
  let hasWaited = false;
  const waiting: Work = async (tx) => {
    if (!hasWaited) await until(() => storage.metrics().database.writer.queued.normal >= others.length);
    hasWaited = true;
    return first?.(tx);
  };
  return [waiting, ...others].map((work) => storage.write(work, { label: LABEL }));
}

function insert(id: number, parent: number | null = null): Work {
  return (tx) => tx.repository('entry', { key: 'id' }).insert({ id, parent });
}

async function stored(storage: Storage<Tables>): Promise<{ id: number; transaction: string }[]> {
  const rows = await storage.repository('entry', { key: 'id' }).find({ orderBy: { id: 'asc' } });
  return rows.map(({ id, transaction }) => ({ id, transaction }));
}

test('writers of a hot spot share a COMMIT', async () => {
  const storage = await openHot();
  await Promise.all(writeTogether(storage, [insert(1), insert(2), insert(3), insert(4)]));
  const rows = await stored(storage);
  expect(rows.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  // On a slow machine the COMMIT does not wait for all of them, but it always does for the second.
  expect(rows[1]?.transaction).toBe(rows[0]?.transaction);
  expect(storage.metrics().database.writer).toMatchObject({ held: 0, queued: { normal: 0 } });
});

test('one that fails is undone alone, and gets its own error', async () => {
  const storage = await openHot();
  const mine = new Error('mine');
  const failing: Work = async (tx) => {
    await insert(2)(tx);
    throw mine;
  };
  const writes = writeTogether(storage, [insert(1), failing, insert(1), insert(3), insert(4)]);
  const outcomes = await Promise.allSettled(writes);
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(outcomes[1]).toMatchObject({ reason: mine });
  expect(outcomes[2]).toMatchObject({ reason: { code: 'unique_violation' } });
  expect((await stored(storage)).map(({ id }) => id)).toEqual([1, 3, 4]);
});

test('each sees what those before it wrote', async () => {
  const storage = await openHot();
  const { value: before } = await storage.repository('counter', { key: 'id' }).getOrThrow(1);
  const raise: Work = async (tx) => {
    const counters = tx.repository('counter', { key: 'id' });
    const { value } = await counters.getOrThrow(1);
    await counters.update(1, { value: value + 1 });
  };
  await Promise.all(
    writeTogether(
      storage,
      Array.from({ length: 100 }, () => raise),
    ),
  );
  expect(await storage.repository('counter', { key: 'id' }).getOrThrow(1)).toMatchObject({
    value: before + 100,
  });
});

test('a statement that may reach into the others runs in a transaction of its own', async () => {
  const storage = await openHot();
  const plain: Work = (tx) => tx.kysely.insertInto('entry').values({ id: 2, parent: null }).execute();
  await Promise.all(writeTogether(storage, [insert(1), plain, insert(3)]));
  const [first, second] = await stored(storage);
  expect(second?.transaction).not.toBe(first?.transaction);
  expect(await stored(storage)).toHaveLength(3);
});

test('one that waits for its neighbour to be committed does not wait for ever', async () => {
  const storage = await openHot();
  const writes: Promise<unknown>[] = writeTogether(storage, [
    insert(1),
    async (tx) => {
      await insert(2)(tx);
      await writes[0];
    },
    insert(3),
  ]);
  await Promise.all(writes);
  expect((await stored(storage)).map(({ id }) => id)).toEqual([1, 2, 3]);
});

test('a COMMIT that fails for one of them fails for that one alone', async () => {
  const storage = await openHot();
  const writes = writeTogether(storage, [insert(1), insert(2, 99), insert(3)]);
  const outcomes = await Promise.allSettled(writes);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'foreign_key_violation' } });
  expect((await stored(storage)).map(({ id }) => id)).toEqual([1, 3]);
});

test('an error that rests on what was never committed reaches nobody', async () => {
  const storage = await openHot();
  const refusing: Work = async (tx) => {
    if ((await tx.repository('entry', { key: 'id' }).get(1)) !== undefined) throw new Error('there is one');
    await insert(2)(tx);
  };
  const outcomes = await Promise.allSettled(writeTogether(storage, [insert(1, 99), refusing, insert(3)]));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect((await stored(storage)).map(({ id }) => id)).toEqual([2, 3]);
});

test('all are made again when the connection is lost before their COMMIT, and stored once', async () => {
  const { storage, url } = await openHotAt();
  const other = await openDatabase({ url });
  let isCut = false;
  const cutting: Work = async (tx) => {
    const { process } = await tx.repository('entry', { key: 'id' }).insert({ id: 2, parent: null });
    if (isCut) return;
    isCut = true;
    await other.run('select pg_terminate_backend($1::integer, 10000)', [process]);
    // Were COMMIT the next to be sent, nobody could tell what became of it.
    await tx.repository('entry', { key: 'id' }).get(2);
  };
  await Promise.all(writeTogether(storage, [insert(1), cutting, insert(3)]));
  expect((await stored(storage)).map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(storage.metrics().replays.connection_lost).toBeGreaterThan(0);
});

test('whoever came after the snapshot is not let in, as it may know of more', async () => {
  const storage = await openHot();
  const hasRead = Promise.withResolvers<void>();
  const first: Work = async (tx) => {
    await insert(1)(tx);
    hasRead.resolve();
    await until(() => storage.metrics().database.writer.queued.normal >= 1);
  };
  const write = storage.write(first, { label: LABEL });
  await hasRead.promise;
  await Promise.all([write, storage.write(insert(2), { label: LABEL })]);
  const rows = await stored(storage);
  expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(2);
});

test('`coalesce: false` gives each a COMMIT of its own', async () => {
  const storage = await openHot({ coalesce: false });
  await Promise.all(writeTogether(storage, [insert(1), insert(2), insert(3)]));
  expect(new Set((await stored(storage)).map(({ transaction }) => transaction)).size).toBe(3);
});
