// Runs ever new statements, on the writer, on the readers and on the calling thread, and tells the resident memory in MiB after each round.
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { sql } from 'kysely';

const [, , path, rounds] = process.argv;
const storage = await openStorage({
  url: `sqlite:${path}`,
  drivers: [sqlite({ durability: 'off', readers: 1 })],
});
const columns = Array.from({ length: 34 }, (_, index) => `c${index}`);
let table = storage.kysely.schema
  .createTable('entry')
  .addColumn('id', 'integer', (column) => column.primaryKey());
for (const column of columns) table = table.addColumn(column, 'text');
await table.execute();

let seed = 1;
const random = () => {
  seed = (seed * 16_807) % 2_147_483_647;
  return seed / 2_147_483_647;
};
const some = () => columns.filter(() => random() < 0.5);
const entries = storage.repository('entry', { key: 'id' });
const insert = () => entries.insert(Object.fromEntries(some().map((column) => [column, 'value'])));
const select = () =>
  sql`select ${sql.join(['id', ...some()].map((name) => sql.ref(name)))} from entry where id = 1`.execute(
    storage.kysely,
  );
const long = (index) =>
  sql.raw(`select ${index} as one /* ${'long '.repeat(20_000)} */`).execute(storage.kysely);

for (let round = 0, index = 0; round < Number(rounds); round += 1) {
  for (let batch = 0; batch < 100; batch += 1) {
    const calls = Array.from({ length: 10 }, () => [insert(), select()]).flat();
    index += 1;
    await Promise.all([...calls, long(index)]);
  }
  globalThis.gc?.();
  process.stdout.write(`${Math.round(process.memoryUsage().rss / 2 ** 20)}\n`);
}
process.stdout.write(`stored ${await entries.count()}\n`);
await storage.close();
