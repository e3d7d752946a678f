// Serves one database at a time, by commands on standard input, and prints a line for what each write became, with the time when it was called and
// the time when it was answered: "acknowledged KEY CALLED ANSWERED", "unknown KEY …", or "refused KEY … CODE".
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

const WRITERS = 6;
const padding = 'x'.repeat(300);
let storage;
let path;
let items;
let next = 0;
let isWriting = false;
let writing = Promise.resolve();
const now = () => process.hrtime.bigint();

const commands = {
  async open([file]) {
    path = file;
    const drivers = [sqlite({ durability: 'normal', checkpointBytes: 65_536, walBudgetBytes: 1_048_576 })];
    storage = await openStorage({ url: `sqlite:${file}`, drivers });
    await storage.kysely.schema
      .createTable('item')
      .ifNotExists()
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('padding', 'text')
      .execute();
    items = storage.repository('item', { key: 'key' });
  },
  write() {
    isWriting = true;
    writing = Promise.all(Array.from({ length: WRITERS }, write));
  },
  async pause() {
    isWriting = false;
    await writing;
  },
  readFile() {
    readFileSync(path);
  },
  async health() {
    console.log(`health ${(await storage.health()).isHealthy}`);
    console.log(
      `read ${await items.count().then(
        () => 'answered',
        (error) => error.code,
      )}`,
    );
  },
  async close() {
    await storage.close();
  },
};

async function write() {
  while (isWriting) {
    const key = `${process.pid}-${next++}`;
    const called = now();
    const outcome = await items.insert({ key, padding }).then(
      () => 'acknowledged',
      ({ code }) => (code === 'commit_unknown' ? 'unknown' : `refused ${code}`),
    );
    const [kind, code = ''] = outcome.split(' ');
    console.log(`${kind} ${key} ${called} ${now()} ${code}`);
    // What is refused at once would fill the pipe.
    if (kind === 'refused') await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...parameters] = line.split(' ');
  await commands[command](parameters);
  console.log(`done ${command}`);
}
