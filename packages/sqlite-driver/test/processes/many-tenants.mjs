// Opens many copies of a database at once, reads and writes in each, waits until they are idle, and tells what they take, as JSON in one line.
import { copyFileSync, readdirSync } from 'node:fs';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

const [, , template, folder, count] = process.argv;
const indexes = Array.from({ length: Number(count) }, (_, index) => index);
for (const index of indexes) copyFileSync(template, `${folder}/${index}.db`);

let threads = 0;
let mostThreads = 0;
process.on('worker', (worker) => {
  threads += 1;
  mostThreads = Math.max(mostThreads, threads);
  worker.once('exit', () => {
    threads -= 1;
  });
});
const megabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};
const items = (storage) => storage.repository('item', { key: 'id' });
const open = (index) =>
  openStorage({ url: `sqlite:${folder}/${index}.db`, drivers: [sqlite({ profile: 'tenants' })] });

// What one storage takes of code and of SQLite is not counted.
const first = await open(0);
await items(first).get(1);
const before = megabytes();

const storages = [first];
for (const index of indexes.slice(1)) storages.push(await open(index));
const names = await Promise.all(storages.map(async (storage) => (await items(storage).get(1)).name));
const opened = { threads: mostThreads, mib: megabytes() - before };
await Promise.all(storages.map((storage, index) => items(storage).insert({ id: 2, name: `of ${index}` })));
const counts = await Promise.all(storages.map((storage) => items(storage).count()));
const written = await Promise.all(storages.map(async (storage) => (await items(storage).get(2)).name));
while (threads > 0) await new Promise((resolve) => setTimeout(resolve, 10));
const idle = { threads, mib: megabytes() - before };
await Promise.all(storages.map((storage) => storage.close()));
const isRight =
  names.every((name) => name === 'one') &&
  counts.every((rows) => rows === 2) &&
  written.every((name, index) => name === `of ${index}`);
process.stdout.write(
  `${JSON.stringify({ isRight, opened, mostThreads, idle, files: readdirSync(folder).length })}\n`,
);
