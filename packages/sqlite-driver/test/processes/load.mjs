// Writes in every way the driver has, with a small WAL so that checkpoints and restarts are always near, and prints a line for what was
// acknowledged: "one KEY" for a row, "pair ID" for a transaction of two rows.
import { sqlite } from '@sluice/sqlite-driver';

const [, , path, round, durability = 'full'] = process.argv;
const database = await sqlite({ durability, checkpointBytes: 65_536, walBudgetBytes: 262_144 }).open(
  `sqlite:${path}`,
);
const write = (target, sql, ...parameters) => target.execute({ sql, parameters, access: 'write' }, {});
const padding = 'x'.repeat(500);
let next = 0;

async function insertRows() {
  for (;;) {
    const key = `${round}-${next++}`;
    await write(database, 'insert into one (key, padding) values (?, ?)', key, padding);
    process.stdout.write(`one ${key}\n`);
  }
}

async function insertPairs() {
  for (;;) {
    const id = `${round}-${next++}`;
    const transaction = await database.begin({ access: 'write' });
    await write(transaction, 'insert into pair (id, half) values (?, 1)', id);
    await write(transaction, 'insert into pair (id, half) values (?, 2)', id);
    await transaction.commit();
    process.stdout.write(`pair ${id}\n`);
  }
}

async function readRows() {
  const statement = { sql: 'select count(*) from one', parameters: [], access: 'read' };
  for (;;) await database.execute(statement, {});
}

await Promise.all([...Array.from({ length: 24 }, insertRows), insertPairs(), readRows()]);
