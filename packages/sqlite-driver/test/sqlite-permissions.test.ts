import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDatabase, temporaryFolder } from './opened-database.js';
import { startChildAs } from './processes/child.js';

const isRoot = process.getuid?.() === 0;
/** No permissions stop root. */
const identity = isRoot ? { uid: 65_534, gid: 65_534 } : {};

async function ownFolder(): Promise<string> {
  const folder = await temporaryFolder();
  if (isRoot) execFileSync('chown', ['65534:65534', folder]);
  return folder;
}

describe('every file beside a database has its permissions, whatever the umask, and never more', () => {
  test.each([
    ['600', '022'],
    ['600', '000'],
    ['640', '022'],
    ['640', '077'],
    ['644', '077'],
    ['660', '022'],
    ['666', '022'],
  ])('%s under umask %s', async (mode, umask) => {
    const child = startChildAs(
      identity,
      'keep-permissions.mjs',
      join(await ownFolder(), 'app.db'),
      umask,
      mode,
    );
    expect(await child.ended).toBe(0);
    expect(child.lines).toStrictEqual([
      `backup ${mode}`,
      `metrics ${mode}`,
      `restored ${mode}`,
      `restored anew ${mode}`,
      `salvaged ${mode}`,
      `wal ${mode}`,
      `shm ${mode}`,
      'looked true, wider 0',
    ]);
  });

  test.runIf(isRoot)('what root makes belongs to whom the database belongs to', async () => {
    const db = await openDatabase({ metricsFile: true });
    await db.run('create table item (id integer primary key)');
    chownSync(db.path, 65_534, 65_533);
    await db.database.backup(`${db.path}.copy`, {});
    await db.database.close();
    const made = readdirSync(dirname(db.path)).filter((name) => /\.copy$|-metrics-/.test(name));
    expect(made).toHaveLength(2);
    for (const name of made)
      expect(statSync(join(dirname(db.path), name))).toMatchObject({ uid: 65_534, gid: 65_533 });
  });
});

describe('a read-only database', () => {
  test('is refused, and opens once it may be written', async () => {
    const child = startChildAs(identity, 'open-read-only.mjs', join(await ownFolder(), 'app.db'), 'open');
    expect(await child.ended).toBe(0);
    expect(child.lines).toStrictEqual(['refused path_unusable', 'left 0', 'written']);
  });

  test('can be checked, and opens once it may be written', async () => {
    const child = startChildAs(identity, 'open-read-only.mjs', join(await ownFolder(), 'app.db'), 'check');
    expect(await child.ended).toBe(0);
    expect(child.lines).toStrictEqual(['sound true', 'written']);
  });
});
