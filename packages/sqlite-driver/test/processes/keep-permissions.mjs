// Makes every file that the driver makes beside a database, under a umask, and tells the permissions of each. Copies are looked at while they are made as well.
import { chmodSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { quarantine, restore, sqlite } from '@sluice/sqlite-driver';

const [, , path, umask, mode] = process.argv;
const permissions = Number.parseInt(mode, 8);
process.umask(Number.parseInt(umask, 8));
const folder = dirname(path);
const modeOf = (file) => (statSync(file).mode & 0o777).toString(8);
const tell = (what, file) => process.stdout.write(`${what} ${modeOf(file)}\n`);
const run = (database, sql) => database.execute({ sql, parameters: [], access: 'unknown' }, {});

/** Permissions that a copy had beyond those of the database while it was made. */
let wider = 0;
let looks = 0;
const onProgress = () => {
  for (const name of readdirSync(folder)) {
    if (!/\.(?:partial|restoring|salvaged)-/.test(name)) continue;
    looks += 1;
    wider |= statSync(join(folder, name)).mode & 0o777 & ~permissions & ~0o600;
  }
};

let database = await sqlite({ metricsFile: true }).open(`sqlite:${path}`);
await run(database, 'create table item (id integer primary key, data blob)');
await run(
  database,
  'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into item (data) select randomblob(1000) from n',
);
chmodSync(path, permissions);
const backup = join(folder, 'copy.backup');
await database.backup(backup, { onProgress });
tell('backup', backup);
await database.close();
tell(
  'metrics',
  join(
    folder,
    readdirSync(folder).find((name) => name.includes('-metrics-')),
  ),
);
await restore({ from: backup, to: path, onProgress });
tell('restored', path);
const elsewhere = join(folder, 'elsewhere.db');
await restore({ from: backup, to: elsewhere, onProgress });
tell('restored anew', elsewhere);
truncateSync(elsewhere, 8192);
chmodSync(elsewhere, permissions);
const { salvaged } = await quarantine(elsewhere, { onProgress });
tell('salvaged', salvaged);
database = await sqlite().open(`sqlite:${path}`);
await run(database, 'insert into item (data) values (null)');
tell('wal', `${path}-wal`);
tell('shm', `${path}-shm`);
await database.close();
process.stdout.write(`looked ${looks > 0}, wider ${wider.toString(8)}\n`);
