// Inserts a row that is there again and again, and tells the resident memory in MiB after each round.
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

const [, , path, rounds] = process.argv;
const storage = await openStorage({
  url: `sqlite:${path}`,
  drivers: [sqlite({ durability: 'off', readers: 1 })],
});
await storage.kysely.schema
  .createTable('entry')
  .addColumn('id', 'integer', (column) => column.primaryKey())
  .execute();
const entries = storage.repository('entry', { key: 'id' });
await entries.insert({ id: 1 });

for (let round = 0; round < Number(rounds); round += 1) {
  for (let batch = 0; batch < 250; batch += 1)
    await Promise.allSettled(Array.from({ length: 20 }, () => entries.insert({ id: 1 })));
  globalThis.gc?.();
  process.stdout.write(`${Math.round(process.memoryUsage().rss / 2 ** 20)}\n`);
}
process.stdout.write(`stored ${await entries.count()}\n`);
await storage.close();
