// Limits its files to 1 MB, as `ulimit -f` does, and inserts until that is reached. Prints "one KEY" for each row that was acknowledged and
// "error CODE" for each that was not.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [, , path, isLimited] = process.argv;
if (isLimited === undefined) {
  const command = `ulimit -f 2048; exec "$0" "$1" "$2" limited`;
  const parameters = ['-c', command, process.execPath, fileURLToPath(import.meta.url), path];
  const child = spawn('sh', parameters, { stdio: 'inherit' });
  child.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  await fillUp();
}

async function fillUp() {
  // The limit would end the process otherwise.
  process.on('SIGXFSZ', () => {});
  const { sqlite } = await import('@sluice/sqlite-driver');
  const database = await sqlite({ profile: 'test' }).open(`sqlite:${path}`, () => {});
  let errors = 0;
  let next = 0;
  const insert = async () => {
    while (errors < 20) {
      const key = String(next++);
      const sql = `insert into one (key, padding) values (?, hex(randomblob(1000)))`;
      try {
        await database.execute({ sql, parameters: [key], access: 'write' }, {});
        process.stdout.write(`one ${key}\n`);
      } catch (error) {
        errors += 1;
        process.stdout.write(`error ${error.code}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, insert));
  await insertAtOnce(database);
  await database.close();
}

/** More than fits, in an interactive transaction. */
async function insertAtOnce(database) {
  const transaction = await database.begin({ access: 'write' });
  const sql = `with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
    insert into one (key, padding) select 'at once ' || i, hex(randomblob(1000)) from n`;
  try {
    await transaction.execute({ sql, parameters: [], access: 'write' }, {});
    await transaction.commit();
    process.stdout.write('one at once\n');
  } catch (error) {
    process.stdout.write(`error ${error.code}\n`);
    await transaction.rollback().catch(() => {});
  }
}
