import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

const SQLITE = createRequire(import.meta.url).resolve('better-sqlite3');

/**
 * An application that writes to a shop's file without a pause, in transactions that keep two items for each order. It begins by deleting what
 * one before it has left, so that the file does not grow from kill to kill.
 */
const PROGRAM = `
  const database = new (require(process.argv[1]))(process.argv[2], { timeout: 30000 });
  const [order, item, log] = [
    "insert into \\"order\\" values (?, 1, '2024-01-01 00:00:00', 'from the application', null)",
    'insert into item values (?, ?, 1.5)',
    "insert into log values ('from the application', '2024-01-01T00:00:00.000Z')",
  ].map((sql) => database.prepare(sql));
  const write = database.transaction((id) => {
    order.run(id);
    item.run(id, 1);
    log.run();
    item.run(id, 2);
  });
  database.transaction(() => {
    database.exec(\`delete from item where "order" in (select id from "order" where note = 'from the application')\`);
    database.exec(\`delete from "order" where note = 'from the application'; delete from log where line = 'from the application'\`);
  })();
  let id = database.prepare('select max(id) from "order"').pluck().get();
  console.log('writes');
  for (;;) {
    id += 1;
    write(id);
  }`;

/** Starts the application; it has written when this resolves, and ends when it is killed. */
export async function startApplication(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', PROGRAM, SQLITE, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}
