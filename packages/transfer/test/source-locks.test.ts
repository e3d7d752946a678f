import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { auditFile, transfer } from '@sluice/transfer';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';

const SQLITE = createRequire(import.meta.url).resolve('better-sqlite3');

it('leaves the locks that this process has on the file', async () => {
  const path = await temporarySqlitePath();
  const database = new Sqlite(path);
  database.exec('create table t (id integer primary key); insert into t values (1); begin');
  // From here on this connection has a shared lock: nobody else may write.
  expect(database.prepare('select id from t').all()).toEqual([{ id: 1 }]);
  expect(write(path)).toBe('SQLITE_BUSY');
  await auditFile(path);
  expect(write(path)).toBe('SQLITE_BUSY');
  await transfer({ source: path, target: await temporaryPostgresUrl(), verify: false });
  expect(write(path)).toBe('SQLITE_BUSY');
  database.close();
  expect(write(path)).toBe('written');
});

/** Writes from another process. */
function write(path: string): string {
  const code = `
    const database = new (require(${JSON.stringify(SQLITE)}))(${JSON.stringify(path)}, { timeout: 0 });
    try { database.exec('insert into t default values'); process.stdout.write('written'); } catch (error) { process.stdout.write(error.code); }`;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stdout;
}
