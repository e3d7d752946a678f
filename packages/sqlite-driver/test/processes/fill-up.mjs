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
  await database.close();
}
