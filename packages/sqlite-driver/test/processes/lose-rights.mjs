// Opens the file, takes all rights to it and to its folder away, writes on, opens it a second time, and again once the rights are back.
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { sqlite } from '@sluice/sqlite-driver';

const [, , path] = process.argv;
const open = () => sqlite().open(`sqlite:${path}`);
const run = (database, sql) => database.execute({ sql, parameters: [], access: 'unknown' }, {});

const database = await open();
await run(database, 'create table item (id integer primary key)');
await run(database, 'insert into item values (1)');
chmodSync(path, 0o000);
chmodSync(dirname(path), 0o500);
await run(database, 'insert into item values (2)');
process.stdout.write('written\n');
await open().catch((error) => process.stdout.write(`refused ${error.code}\n`));
chmodSync(dirname(path), 0o700);
chmodSync(path, 0o600);
const second = await open();
const { rows } = await run(second, 'select count(*) as count from item');
process.stdout.write(`opened ${rows[0].count}\n`);
await Promise.all([database.close(), second.close()]);
