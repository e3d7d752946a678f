import { globSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { openDatabase, temporaryFolder } from './opened-database.js';

/**
 * Closing any descriptor of a file takes away every POSIX lock that the process has on it, those of SQLite too, in whatever thread it was opened; and
 * Node closes the descriptors of a worker thread that ends (sqlite.org/howtocorrupt.html, 2.2). So nothing may open a database but SQLite.
 */
describe('nobody but SQLite opens a database', () => {
  /** Functions of `node:fs` that open the file they are given. Those that only look at names, such as `stat` and `rename`, are not among them. */
  const OPENS =
    /^(?:open|openAsBlob|readFile|writeFile|appendFile|copyFile|cp|truncate|createReadStream|createWriteStream)(?:Sync)?$/;

  /** Files that use one, and what they open with it. */
  const ALLOWED: Readonly<Record<string, string>> = {
    'cli/src/codegen/codegen-command.ts': 'the generated types',
    'cli/src/command-line.ts': 'its package.json',
    'cli/src/doctor/read-metrics.ts': 'the file of metrics',
    'cli/src/rows/export-command.ts': 'the exported rows',
    'cli/src/rows/import-command.ts': 'the rows that were refused',
    'cli/src/rows/read-text.ts': 'the rows to import',
    'cli/src/rows/standard-streams.ts': 'a copy of standard input',
    'cli/src/transfer/transfer-command.ts': 'plans and reports',
    'postgres-driver/src/options/tls.ts': 'certificates',
    'sqlite-driver/src/file/file-access.ts': 'a new file that nobody has open yet',
    'sqlite-driver/src/file/file-size-limit.ts': '/proc/self/limits',
    'sqlite-driver/src/file/file-system.ts': '/proc/self/mountinfo',
    'sqlite-driver/src/file/lock-holders.ts': '/proc/locks',
    'sqlite-driver/src/file/metrics-file.ts': 'the file of metrics',
    'sqlite-driver/src/maintenance/put-in-place.ts': 'folders, and a new file that nobody has open yet',
    'sqlite-driver/src/maintenance/quarantine.ts':
      'a damaged file that was moved away because no process has it open',
    'sqlite-driver/src/file/own-module.ts': 'the package.json of the driver',
    'sqlite-driver/src/thread/wal-frames.ts': 'the WAL, on which SQLite keeps no locks',
    'sqlite-driver/src/thread/wal-tail.ts': 'the WAL, on which SQLite keeps no locks',
    'testkit/src/application/temporary-storage.ts': 'a template that was closed',
    'testkit/src/conformance/report/report-score.ts': 'the score',
    'testkit/src/faults/file-faults.ts': 'a database that the process of the test does not have open',
    'testkit/src/postgres-server/embedded-binaries.ts': 'binaries of PostgreSQL',
    'testkit/src/postgres-server/embedded-faults.ts': 'the data folder of PostgreSQL',
    'testkit/src/postgres-server/embedded-server.ts': 'settings of PostgreSQL',
    'testkit/src/postgres-server/reaper-program.ts': 'settings of PostgreSQL',
  };

  test('in the source of any package', () => {
    const packages = fileURLToPath(new URL('../../', import.meta.url));
    const sources = globSync('*/src/**/*.ts', { cwd: packages }).filter((file) => !file.endsWith('.test.ts'));
    const opening = sources.filter((file) => opensFiles(readFileSync(packages + file, 'utf8')));
    expect(sources.length).toBeGreaterThan(300);
    expect(opening.filter((file) => ALLOWED[file] === undefined)).toStrictEqual([]);
    const listed = Object.keys(ALLOWED).filter((file) => sources.includes(file));
    expect(listed.filter((file) => !opening.includes(file))).toStrictEqual([]);
  });

  function opensFiles(source: string): boolean {
    const imports = source.matchAll(/import ([^;]*?) from '(?:node:)?fs(?:\/promises)?'/g);
    return [...imports].some(([, clause = '']) => {
      const names = /\{([^}]*)\}/
        .exec(clause)?.[1]
        ?.split(',')
        .map((name) => name.trim().split(' as ')[0] ?? '');
      // A namespace may use anything.
      return names === undefined || names.some((name) => OPENS.test(name) || name === 'promises');
    });
  }

  test.runIf(process.platform === 'linux')(
    'maintenance and a second storage in a worker thread leave the locks of the process alone',
    async () => {
      const db = await openDatabase();
      await db.run('create table item (id integer primary key)');
      const before = locksOf(db.path);
      expect(before.length).toBeGreaterThan(0);
      const entry = new URL('processes/maintain-in-thread.mjs', import.meta.url);
      const worker = new Worker(entry, { workerData: { path: db.path, folder: await temporaryFolder() } });
      await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
      expect(locksOf(db.path)).toStrictEqual(before);
      await db.run('insert into item values (null)', [], { access: 'write' });
      expect(await db.rows('select count(*) as n from item')).toStrictEqual([{ n: 2 }]);
    },
  );

  /** The locks of this process on a file, as `READ 1073741826 1073742335`. */
  function locksOf(path: string): string[] {
    const { ino } = statSync(path);
    const lines = readFileSync('/proc/locks', 'utf8').split('\n');
    return lines
      .filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `))
      .map((line) => line.split(/ +/).slice(3).join(' '));
  }
});
