import { join } from 'node:path';
import { until } from '@sluice/testkit/driver-tests';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { PreloadedDisk, powerLossMissing } from './power-loss/preloaded-disk.js';
import { startChildAs } from './processes/child.js';

const ROUNDS = Number(process.env.SLUICE_FAULT_ROUNDS ?? 4);
const TIMEOUT_MS = 60_000 + ROUNDS * 5000;
const missing = powerLossMissing();

if (missing === undefined) {
  test(
    'durability full: nothing acknowledged is lost when the power fails under load',
    async () => {
      const lost = await failPowerUnderLoad('full');
      expect(lost).toStrictEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'durability normal: the last rows are lost, as documented, and the file is whole',
    async () => {
      const lost = await failPowerUnderLoad('normal');
      expect(lost.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
} else {
  const name = `NOT TESTED: power loss, because ${missing}`;
  console.warn(name);
  test.skip(name, () => {});
}

/** Returns what was acknowledged and is not there after the power came back. */
async function failPowerUnderLoad(durability: 'full' | 'normal'): Promise<string[]> {
  const disk = await PreloadedDisk.make();
  const path = disk.add(await createTables(), 'app.db');
  const lost: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = startChildAs({ env: disk.env }, 'load.mjs', path, String(round), durability);
    await until(() => child.lines.length > 300);
    child.process.kill('SIGKILL');
    await child.ended;
    const stored = readWhole(join(disk.failPower(), 'app.db'));
    lost.push(...child.lines.filter((line) => !stored.has(line)));
  }
  return lost;
}

async function createTables(): Promise<string> {
  const db = await openDatabase();
  await db.run('create table one (key text primary key, padding text)');
  await db.run('create table pair (id text, half integer, primary key (id, half))');
  await db.database.close();
  return db.path;
}

/** The rows, by the lines that acknowledged them; the file must be sound, and no transaction half there. */
function readWhole(path: string): ReadonlySet<string> {
  const plain = new Sqlite(path);
  try {
    expect(plain.pragma('integrity_check', { simple: true })).toBe('ok');
    const ones = plain.prepare<unknown[], string>(`select 'one ' || key from one`).pluck().all();
    const pairs = plain
      .prepare<unknown[], { line: string; halves: number }>(
        `select 'pair ' || id as line, count(*) as halves from pair group by id`,
      )
      .all();
    expect(pairs.filter(({ halves }) => halves !== 2)).toStrictEqual([]);
    return new Set([...ones, ...pairs.map(({ line }) => line)]);
  } finally {
    plain.close();
  }
}
