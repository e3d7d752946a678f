// Commits to a WAL that has just been deleted, and on a line of input ends without closing: by itself, or by process.exit().
import { rmSync } from 'node:fs';
import { sqlite } from '@sluice/sqlite-driver';

const [, , path, how] = process.argv;
const database = await sqlite().open(`sqlite:${path}`);
const write = (target, sql) => target.execute({ sql, parameters: [], access: 'write' }, {});
await write(database, 'create table item (id integer primary key)');
const transaction = await database.begin({ access: 'write' });
await write(transaction, 'insert into item values (1)');
rmSync(`${path}-wal`);
rmSync(`${path}-shm`);
await transaction.commit().catch(({ code }) => console.log(code));
process.stdin.once('data', () => {
  if (how === 'exit') process.exit(0);
  process.stdin.destroy();
});
