// Inserts rows through the driver, several at once, and writes the key of each row once it was acknowledged.
import { sqlite } from '@sluice/sqlite-driver';

const [, , path, prefix, count, inFlight] = process.argv;
const database = await sqlite().open(`sqlite:${path}`);
let next = 0;

async function insertAll() {
  while (next < Number(count)) {
    const key = `${prefix}-${next++}`;
    await database.execute(
      { sql: 'insert into entry (key) values (?)', parameters: [key], access: 'write' },
      {},
    );
    process.stdout.write(`${key}\n`);
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, insertAll));
await database.close();
