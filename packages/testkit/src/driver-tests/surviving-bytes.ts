import { type HeapProfiler, Session } from 'node:inspector/promises';
import type { Storage } from '@sluice/core';

/** How often each call is made, before the measurement and in it. */
const CALLS = 1000;

interface Tables {
  readonly item: { readonly id: number; readonly name: string };
}

/**
 * Makes many calls of each kind on an empty database, and returns for each how many bytes a call left that survived a collection of the young generation. The
 * process must run with `--expose-gc`.
 */
export async function survivingBytes(given: Storage<unknown>): Promise<Readonly<Record<string, number>>> {
  const storage = given as Storage<Tables>;
  await storage.kysely.schema
    .createTable('item')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text')
    .execute();
  const items = storage.repository('item', { key: 'id' });
  await items.insertMany(Array.from({ length: 1000 }, (_, id) => ({ id, name: `name ${id}` })));
  let last = 1000;
  const nextId = (): number => {
    last += 1;
    return last;
  };
  const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
    get: () => items.get(1),
    find: () => items.find({ orderBy: { name: 'asc' }, limit: 50 }),
    insert: () => items.insert({ id: nextId(), name: 'new' }),
    read: () => storage.read((tx) => tx.repository('item', { key: 'id' }).get(2)),
    write: () => storage.write((tx) => tx.repository('item', { key: 'id' }).update(3, { name: `${last}` })),
    kysely: () => storage.kysely.selectFrom('item').selectAll().where('id', '<', 50).execute(),
  };
  const bytes: Record<string, number> = {};
  for (const [kind, call] of Object.entries(kinds)) bytes[kind] = await bytesAfter(call);
  return bytes;
}

async function bytesAfter(call: () => Promise<unknown>): Promise<number> {
  const session = new Session();
  session.connect();
  for (let warm = 0; warm < CALLS; warm += 1) await call();
  // What a collection of the young generation frees is not in the profile.
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 1024,
    includeObjectsCollectedByMajorGC: true,
  });
  for (let index = 0; index < CALLS; index += 1) await call();
  globalThis.gc?.({ type: 'minor' });
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  return Math.round(bytesOf(profile.head) / CALLS);
}

function bytesOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + bytesOf(child), selfSize);
}
