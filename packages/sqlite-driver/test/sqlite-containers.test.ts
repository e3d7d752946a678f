import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NodeContainer, nodeContainersMissing, startNodeContainer } from '@sluice/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const script = fileURLToPath(new URL('./processes/insert.mjs', import.meta.url));
const missing = await nodeContainersMissing();
const containers: NodeContainer[] = [];

afterEach(async () => {
  for (const container of containers.splice(0)) await container.remove();
});

async function startInserting(path: string, prefix: string, count: number): Promise<NodeContainer> {
  const container = await startNodeContainer({
    command: [script, path, prefix, String(count), '16'],
    folders: [
      { path: root, access: 'ro' },
      { path: dirname(path), access: 'rw' },
    ],
  });
  containers.push(container);
  return container;
}

// The processes of sqlite-processes.test.ts are killed on the host all the same.
if (missing === undefined) {
  describe('SQLite inside of containers, on a mounted folder', { timeout: 90_000 }, cases);
} else {
  const name = `NOT TESTED: SQLite inside of containers, because ${missing}`;
  // Vitest's own summary counts what was skipped, and does not name it.
  console.warn(name);
  test.skip(name, () => {});
}

function cases(): void {
  test('docker kill under load: what was acknowledged is there, seen from outside, and the file is whole', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const acknowledged: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const container = await startInserting(db.path, `r${round}`, 1_000_000);
      await expect.poll(() => container.lines.length, { timeout: 30_000 }).toBeGreaterThan(200);
      await container.kill();
      acknowledged.push(...container.lines.filter((line) => /^r\d-\d+$/.test(line)));
    }
    expect(await db.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
    const stored = new Set((await db.rows('select key from entry')).map(({ key }) => key));
    expect(acknowledged.length).toBeGreaterThan(400);
    expect(acknowledged.filter((key) => !stored.has(key))).toStrictEqual([]);
    await db.run(`insert into entry values ('after')`);
  });

  test('three containers insert into one file at once, none of them with an error', async () => {
    const db = await openDatabase();
    await db.run('create table entry (key text primary key)');
    const inserting = await Promise.all(
      ['a', 'b', 'c'].map((prefix) => startInserting(db.path, prefix, 200)),
    );
    expect(await Promise.all(inserting.map(({ ended }) => ended))).toStrictEqual([0, 0, 0]);
    expect(await db.rows('select count(*) as count from entry')).toStrictEqual([{ count: 600 }]);
  });
}
