import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { temporarySqlitePath } from '@sluice/testkit';
import { expect, test } from 'vitest';

interface DB {
  entry: { id: number; body: string };
}

const script = fileURLToPath(new URL('./processes/fill-disk.mjs', import.meta.url));

// The system says EFBIG past this limit, which SQLite calls an I/O error. It takes no root: 6,000 blocks of 512 or 1,024 bytes.
test('a file that may grow no further: nothing acknowledged is lost, nothing refused is kept, and the storage works again', async () => {
  const path = await temporarySqlitePath();
  await fillUp(path, 'ulimit -f 6000; exec "$0" "$1" "$2"', 'connection_failed');
  await expectRoomAgain(path);
});

/** Only root may mount a file system; for others the case above is all. */
if (process.getuid?.() === 0) {
  test('a disk that is full: nothing acknowledged is lost, nothing refused is kept, and the storage works again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-small-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
    try {
      const path = join(folder, 'small.db');
      await fillUp(path, 'exec "$0" "$1" "$2"', 'storage_full');
      execFileSync('mount', ['-o', 'remount,size=16m', folder]);
      await expectRoomAgain(path);
    } finally {
      execFileSync('umount', [folder]);
      await rm(folder, { recursive: true });
    }
  });
}

function open(path: string): Promise<Storage<DB>> {
  return openStorage<DB>({ url: `sqlite:${path}`, drivers: [sqlite()] });
}

/** Rows that the child process was told are stored, by the path of their file. */
const acknowledged = new Map<string, readonly number[]>();

async function fillUp(path: string, command: string, code: string): Promise<void> {
  {
    await using storage = await open(path);
    await storage.kysely.schema
      .createTable('entry')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('body', 'text', (column) => column.notNull())
      .execute();
  }
  const lines = await run(command, path);
  const stored = lines.flatMap((line) => (line.startsWith('stored ') ? [Number(line.slice(7))] : []));
  acknowledged.set(path, stored);
  expect(stored.length).toBeGreaterThan(50);
  expect(lines.at(stored.length)).toBe(`refused ${stored.length} ${code}`);
  expect(lines).toContain(`read ${stored.length}`);
}

async function expectRoomAgain(path: string): Promise<void> {
  await using storage = await open(path);
  const entries = storage.repository('entry', { key: 'id' });
  expect((await entries.find({ orderBy: { id: 'asc' } })).map(({ id }) => id)).toEqual(
    acknowledged.get(path),
  );
  await entries.insert({ id: -1, body: 'there is room again' });
}

function run(command: string, path: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const args = ['-c', command, process.execPath, script, path];
    execFile('sh', args, { timeout: 60_000, cwd: dirname(path) }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim().split('\n'));
      else reject(new Error(`the child failed: ${stderr}${stdout.slice(-200)}`, { cause: error }));
    });
  });
}
