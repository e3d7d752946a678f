import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { queryValues } from '@sluice/testkit/postgres-server';
import { afterAll, describe, expect, it } from 'vitest';
import { runSluice } from './transfer/run-sluice.js';
import { makeShop } from './transfer/shop-file.js';

const mounts: string[] = [];
afterAll(() => {
  for (const folder of mounts) {
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true });
  }
});

/** A small file system of its own; only root may mount one. */
function smallDisk(megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  mounts.push(folder);
  return folder;
}

function enlarge(folder: string, megabytes: number): void {
  execFileSync('mount', ['-o', `remount,size=${megabytes}m`, folder]);
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    const folder = smallDisk(1);
    enlarge(folder, 2);
    return true;
  } catch {
    return false;
  }
}

const CAN_MOUNT = canMount();
const WHO = CAN_MOUNT ? '' : ' (not run: only root may mount a small disk)';

describe.skipIf(!CAN_MOUNT)(`a disk that is full${WHO}`, () => {
  it('of PostgreSQL: says so, and goes on with --resume when there is room', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 40_000);
    const url = await temporaryPostgresUrl();
    const folder = smallDisk(4);
    const space = `small_${process.pid}`;
    if (!(await canHaveTablespace(url, space, folder))) return expectOtherMachine(url);
    await queryValues(
      url,
      `do $$ begin execute format('alter database %I set default_tablespace = ${space}', current_database()); end $$`,
    );
    const full = await runSluice(['transfer', source, 'env:TARGET_URL', '--jobs', '1'], url);
    expect(full).toMatchObject({
      code: 2,
      err: expect.stringContaining(
        'The disk of the target is full. Make room and run the same command with --resume.',
      ),
    });
    enlarge(folder, 400);
    const resumed = await runSluice(['transfer', source, 'env:TARGET_URL', '--resume'], url);
    expect(resumed.err).not.toContain('error:');
    expect(resumed.code).toBe(0);
    expect(await runSluice(['verify', source, 'env:TARGET_URL'], url)).toMatchObject({ code: 0 });
    await queryValues(
      url,
      `do $$ begin execute format('alter database %I reset default_tablespace', current_database()); end $$`,
    );
    await queryValues(url, 'drop schema public, sluice_transfer cascade');
    await queryValues(url, `drop tablespace ${space}`);
  });

  it('of the new SQLite file on the way back: says so, and goes on with --resume when there is room', async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 40_000);
    const url = await temporaryPostgresUrl();
    expect(await runSluice(['transfer', source, 'env:TARGET_URL'], url)).toMatchObject({ code: 0 });
    const folder = smallDisk(4);
    const back = join(folder, 'back.db');
    const full = await runSluice(['transfer', 'env:TARGET_URL', `sqlite:${back}`], url);
    expect(full).toMatchObject({
      code: 2,
      err: expect.stringContaining(
        'The disk of the new file is full. Make room and run the same command with --resume.',
      ),
    });
    enlarge(folder, 400);
    const resumed = await runSluice(['transfer', 'env:TARGET_URL', `sqlite:${back}`, '--resume'], url);
    expect(resumed.err).not.toContain('error:');
    expect(resumed.out).toContain('done');
    expect(await runSluice(['verify', 'env:TARGET_URL', `sqlite:${back}`], url)).toMatchObject({ code: 0 });
  });
});

/** The server has to be on this machine, with an account that can be given the folder. */
async function canHaveTablespace(url: string, name: string, folder: string): Promise<boolean> {
  try {
    const [[data] = []] = await queryValues(url, `select current_setting('data_directory')`);
    execFileSync('chown', [`--reference=${data}`, folder]);
    chmodSync(folder, 0o700);
    await queryValues(url, `create tablespace ${name} location '${folder}'`);
    return true;
  } catch {
    return false;
  }
}

/** A server in a container sees other folders; then it does not have ours. */
async function expectOtherMachine(url: string): Promise<void> {
  const [[data] = []] = await queryValues(url, `select current_setting('data_directory')`);
  expect(() => execFileSync('stat', [String(data)], { stdio: 'ignore' })).toThrow();
}
