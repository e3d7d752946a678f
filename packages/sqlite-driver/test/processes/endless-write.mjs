// Runs a write that does not end, and tells the id of the process in which it runs.
import { subscribe } from 'node:diagnostics_channel';
import { sqlite } from '@sluice/sqlite-driver';

subscribe('child_process', ({ process: child }) => child.once('spawn', () => console.log(child.pid)));
const [, , path] = process.argv;
const database = await sqlite().open(`sqlite:${path}`);
const write = (sql) =>
  database.execute({ sql, parameters: [], access: 'write' }, { deadline: performance.now() + 2 ** 31 - 1 });
await write('create table item (id integer primary key)');
await write(
  'insert into item with recursive c(x) as (select 1 union all select x + 1 from c) select x from c where x < 0',
);
