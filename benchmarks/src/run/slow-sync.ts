import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../native/slow-sync.c', import.meta.url));

/**
 * Returns the environment for a process in which every flush of the disk takes at least `ms`. @throws Error with the reason if this machine
 * does not support it.
 */
export function slowSyncEnv(ms: number, folder: string): NodeJS.ProcessEnv {
  if (process.platform !== 'linux') throw new Error('not run: only on Linux');
  const library = join(folder, 'slow-sync.so');
  if (!existsSync(library)) {
    const { status } = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, SOURCE, '-ldl'], {
      stdio: 'ignore',
    });
    if (status !== 0) throw new Error('not run: no C compiler');
  }
  return { LD_PRELOAD: library, SLOW_SYNC_MS: String(ms) };
}
