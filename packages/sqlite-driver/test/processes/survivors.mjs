// Makes many calls of each kind, and tells for each how many bytes a call left that survived a collection of the young generation.
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

const CALLS = 2000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const [, , path] = process.argv;
const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite({ durability: 'off' })] });
await storage.kysely.schema
  .createTable('item')
  .addColumn('id', 'integer', (column) => column.primaryKey())
  .addColumn('name', 'text')
  .execute();
const items = storage.repository('item', { key: 'id' });
await items.insertMany(Array.from({ length: 1000 }, (_, id) => ({ id, name: `name ${id}` })));
let last = 1000;

const KINDS = {
  get: () => items.get(1),
  find: () => items.find({ orderBy: { name: 'asc' }, limit: 50 }),
  insert: () => items.insert({ id: ++last, name: 'new' }),
  read: () => storage.read((tx) => tx.repository('item', { key: 'id' }).get(2)),
  write: () => storage.write((tx) => tx.repository('item', { key: 'id' }).update(3, { name: `${last}` })),
  kysely: () => storage.kysely.selectFrom('item').selectAll().where('id', '<', 50).execute(),
};

const session = new Session();
session.connect();
for (const [kind, call] of Object.entries(KINDS)) {
  for (let warm = 0; warm < CALLS; warm += 1) await call();
  // What a collection of the young generation frees is not in the profile.
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 1024,
    includeObjectsCollectedByMajorGC: true,
  });
  for (let index = 0; index < CALLS; index += 1) await call();
  collect({ type: 'minor' });
  const { profile } = await session.post('HeapProfiler.stopSampling');
  process.stdout.write(`${kind} ${Math.round(bytesOf(profile.head) / CALLS)}\n`);
}
await storage.close();

function bytesOf({ selfSize, children }) {
  return children.reduce((sum, child) => sum + bytesOf(child), selfSize);
}
