// Inserts rows through the driver one after the other, without end, and writes a line for each that was acknowledged.
import { sqlite } from '@sluice/sqlite-driver';

const database = await sqlite().open(`sqlite:${process.argv[2]}`);
for (let count = 0; ; count += 1) {
  const statement = {
    sql: 'insert into item (data) values (zeroblob(100))',
    parameters: [],
    access: 'write',
  };
  await database.execute(statement, {});
  process.stdout.write(`${count}\n`);
}
