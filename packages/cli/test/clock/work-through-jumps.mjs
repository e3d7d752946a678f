// Works on the database given as argument and prints a line for each thing it did. At "jump?" it waits for the clock to be set and a line of input.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';

const [, , url] = process.argv;
const input = createInterface({ input: process.stdin });
const say = (line) => process.stdout.write(`${line}\n`);

async function askForJump() {
  const before = Date.now();
  const answer = once(input, 'line');
  say('jump?');
  await answer;
  say(`hours ${Math.round((Date.now() - before) / 3_600_000)}`);
}

const storage = await openStorage({ url, drivers: [sqlite(), postgres({ poolSize: 2 })], timeoutMs: 60_000 });
const entries = storage.repository('entry', { key: 'id' });

// One transaction is open and one call waits for its row when the clock jumps: neither may take the jump for its deadline.
for (const id of [1, 2]) {
  const inserted = Promise.withResolvers();
  const waiting = inserted.promise.then(() => entries.upsert({ id, body: 'waited' }));
  await storage.write(async (tx) => {
    const inside = tx.repository('entry', { key: 'id' });
    await inside.insert({ id, body: 'inserted' });
    inserted.resolve();
    await askForJump();
    await inside.update(id, { body: 'updated' });
  });
  await waiting;
  say((await entries.get(id)).body);
}
say((await storage.health()).isHealthy ? 'healthy' : 'ill');
await storage.close();
process.exit(0);
