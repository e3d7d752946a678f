import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { rejection, runIn } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';

const RUNS = Number(process.env.SLUICE_CUT_ROUNDS ?? 12);
const PAGE_BYTES = 4096;
const STOPPED = /^(?:file_changed|commit_unknown)$/;

/** When the WAL is cut. */
const MOMENTS = ['while idle', 'in a transaction', 'before a transaction', 'before closing'] as const;

const cut = fc.record({
  rowBytes: fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 3, maxLength: 12 }),
  /** How much of the WAL stays. */
  share: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.95, noNaN: true })),
  moment: fc.constantFrom(...MOMENTS),
  nextBytes: fc.integer({ min: 1, max: 20_000 }),
});

function insert(db: OpenedFile, bytes: number): Promise<unknown> {
  return db.run('insert into item (value) values (?)', ['x'.repeat(bytes)]);
}

/** A file of some pages with everything in it, opened, with some commits in the WAL. */
async function begin(rowBytes: readonly number[]): Promise<OpenedFile> {
  const path = join(await temporaryFolder(), 'cut.db');
  const file = new Sqlite(path);
  file.pragma('journal_mode = wal');
  file.exec(`create table item (id integer primary key, value text not null); create table other (value text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 400)
    insert into item (value) select printf('%.200c', 'y') from n`);
  file.close();
  const db = await openDatabase({ path });
  for (const bytes of rowBytes) await insert(db, bytes);
  return db;
}

/** A digest of a file, without this process opening it, which would cost it its locks. */
function bytesOf(path: string): string {
  return execFileSync(process.execPath, ['-e', READ, path], { encoding: 'utf8' });
}
const READ = `console.log(require('node:crypto').hash('sha1', require('node:fs').readFileSync(process.argv[1])))`;

test(`a WAL that is cut at any length, at any moment, ${RUNS} times: nothing more is written, nor copied into the file`, async () => {
  const check = fc.asyncProperty(cut, async ({ rowBytes, share, moment, nextBytes }) => {
    const db = await begin(rowBytes);
    const before = bytesOf(db.path);
    const cutWal = (): void =>
      truncateSync(`${db.path}-wal`, Math.floor(share * statSync(`${db.path}-wal`).size));
    if (moment === 'in a transaction') {
      const transaction = await db.database.begin({ access: 'write' });
      await runIn(transaction, `insert into item (value) values ('a')`);
      cutWal();
      expect(await rejection(transaction.commit())).toMatchObject({ code: 'file_changed' });
    } else cutWal();
    if (moment === 'before a transaction') {
      const transaction = await db.database.begin({ access: 'write' });
      const first = runIn(transaction, `insert into item (value) values ('a')`);
      expect(await rejection(first)).toMatchObject({ code: 'file_changed' });
      await transaction.rollback();
    }
    if (moment !== 'before closing') {
      expect(await rejection(insert(db, nextBytes))).toMatchObject({ code: expect.stringMatching(STOPPED) });
      expect(await rejection(insert(db, nextBytes))).toMatchObject({ code: 'file_changed' });
      expect(await rejection(db.rows('select 1'))).toMatchObject({ code: 'file_changed' });
    }
    await db.database.close();
    expect(bytesOf(db.path)).toBe(before);
  });
  await fc.assert(check, { numRuns: RUNS, seed: 16 });
}, 120_000);

test('a WAL that was cut, and written behind its end by another program, is not copied into the file', async () => {
  const db = await begin([20, 20, 20, 20]);
  const before = bytesOf(db.path);
  truncateSync(`${db.path}-wal`, 0);
  const other = spawnSync(process.execPath, ['-e', WRITE, db.path], { cwd: import.meta.dirname });
  expect(other.signal).toBe('SIGKILL');
  await db.database.close();
  expect(bytesOf(db.path)).toBe(before);
});
const WRITE = `const database = new (require('better-sqlite3'))(process.argv[1]);
database.pragma('wal_autocheckpoint = 0');
database.prepare("insert into other values ('a')").run();
process.kill(process.pid, 'SIGKILL')`;

test.each([0, 3, 10])(
  'a file that is cut to %i pages while its WAL holds commits is not written any more',
  async (pages) => {
    const db = await begin([20_000, 20_000]);
    execFileSync(process.execPath, ['-e', CUT, db.path, String(pages * PAGE_BYTES)]);
    const before = bytesOf(db.path);
    expect(await rejection(insert(db, 10))).toMatchObject({ code: expect.stringMatching(STOPPED) });
    expect(await rejection(insert(db, 10))).toMatchObject({ code: 'file_changed' });
    expect(await rejection(db.rows('select 1'))).toMatchObject({ code: 'file_changed' });
    await db.database.close();
    expect(bytesOf(db.path)).toBe(before);
  },
);
const CUT = `require('node:fs').truncateSync(process.argv[1], Number(process.argv[2]))`;

test('a file that VACUUM made shorter, and that grows in the WAL again, is in order', async () => {
  const db = await begin([3000]);
  await db.run('delete from item where id > 10', []);
  await db.run('vacuum');
  await insert(db, 60_000);
  await insert(db, 60_000);
  expect(await db.rows('select count(*) as n from item')).toStrictEqual([{ n: 12 }]);
  await db.database.close();
  expect(readFileSync(db.path).length).toBeGreaterThan(120_000);
});
