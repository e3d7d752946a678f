// Inserts rows of 10 kB until one is refused. Writes the key of each acknowledged row, then the code of the refusal, then whether a read works.
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

const [, , path] = process.argv;
// Writing past the limit of `ulimit -f` is an error, as on a full disk, and not the end of the process.
process.on('SIGXFSZ', () => {});
const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite()] });
const entries = storage.repository('entry', { key: 'id' });
for (let id = 0; ; id += 1) {
  try {
    await entries.insert({ id, body: 'x'.repeat(10_000) });
    process.stdout.write(`stored ${id}\n`);
  } catch (error) {
    process.stdout.write(`refused ${id} ${error.code}\n`);
    break;
  }
}
process.stdout.write(`read ${await entries.count()}\n`);
await storage.close().catch((error) => process.stdout.write(`close ${error.code}\n`));
