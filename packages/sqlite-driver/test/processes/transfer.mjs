// Moves money between two accounts in transactions, which keep their sum; writes a line for each that was committed.
import { sqlite } from '@sluice/sqlite-driver';

const database = await sqlite().open(`sqlite:${process.argv[2]}`);
const run = (transaction, sql) => transaction.execute({ sql, parameters: [], access: 'write' }, {});

for (let count = 0; count < Number(process.argv[3]); count += 1) {
  const transaction = await database.begin({ access: 'write' });
  await run(transaction, `update account set balance = balance - 1 where name = 'a'`);
  await run(transaction, `update account set balance = balance + 1 where name = 'b'`);
  await transaction.commit();
  process.stdout.write(`${count}\n`);
}
await database.close();
