import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OnWarning } from '@sluice/core';
import { type SqliteOptions, sqlite } from '@sluice/sqlite-driver';
import { type OpenedDatabase, openDatabase as open } from '@sluice/testkit/driver-tests';
import { afterEach } from 'vitest';

/** A file opened for one test. */
export interface OpenedFile extends OpenedDatabase {
  readonly path: string;
}

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  folders.push(folder);
  return folder;
}

/** Opens a fresh file, or the one at `path`, and closes it after the test. */
export async function openDatabase(
  options: SqliteOptions & { path?: string; onWarning?: OnWarning } = {},
): Promise<OpenedFile> {
  const { path = join(await temporaryFolder(), 'test.db'), onWarning, ...rest } = options;
  return { ...(await open(sqlite(rest), `sqlite:${path}`, onWarning)), path };
}

/** A statement that keeps SQLite busy for about this many steps and cannot be interrupted. */
export function busyQuery(steps: number): string {
  return `with recursive counter(n) as (select 1 union all select n + 1 from counter where n < ${steps}) select max(n) as n from counter`;
}
