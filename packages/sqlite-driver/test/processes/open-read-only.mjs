// Tries to open a database that is read-only, tells what that left, and opens it once it may be written.
import { chmodSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkIntegrity, sqlite } from '@sluice/sqlite-driver';

const [, , path, how] = process.argv;
const open = () => sqlite().open(`sqlite:${path}`);
const run = (database, sql) => database.execute({ sql, parameters: [], access: 'unknown' }, {});

const first = await open();
await run(first, 'create table item (id integer primary key)');
await first.close();
chmodSync(path, 0o444);
if (how === 'check')
  await checkIntegrity(path).then(({ isSound }) => process.stdout.write(`sound ${isSound}\n`));
else await open().catch((error) => process.stdout.write(`refused ${error.code}\n`));
if (how !== 'check') process.stdout.write(`left ${readdirSync(dirname(path)).length - 1}\n`);
chmodSync(path, 0o644);
const again = await open();
await run(again, 'insert into item values (1)');
process.stdout.write('written\n');
await again.close();
