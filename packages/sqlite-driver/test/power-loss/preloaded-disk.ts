import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../opened-database.js';

const source = fileURLToPath(new URL('./keep-synced.c', import.meta.url));

/** Why no power failure can be made here; `undefined` when one can. */
export function powerLossMissing(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux can preload a library';
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler (cc)';
}

/** A folder that forgets, when the power fails, what nobody has synced. */
export class PreloadedDisk {
  readonly folder: string;
  readonly #synced: string;
  readonly #library: string;

  private constructor(root: string) {
    this.folder = join(root, 'disk');
    this.#synced = join(root, 'synced');
    this.#library = join(root, 'keep-synced.so');
  }

  static async make(): Promise<PreloadedDisk> {
    const disk = new PreloadedDisk(realpathSync(await temporaryFolder()));
    for (const folder of [disk.folder, disk.#synced]) mkdirSync(folder);
    execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', disk.#library, source, '-ldl']);
    return disk;
  }

  /** What the processes must be started with that use the disk. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, LD_PRELOAD: this.#library, WATCHED: this.folder, SYNCED: this.#synced };
  }

  /** Puts a file on the disk, synced. @returns its path. */
  add(path: string, name: string): string {
    for (const folder of [this.folder, this.#synced]) copyFileSync(path, join(folder, name));
    return join(this.folder, name);
  }

  /**
   * The processes that use it must be dead. What was synced is all that is left on it, and in the folder that is returned, which may be read: who opens a
   * database changes it, and the disk must see that.
   */
  failPower(): string {
    rmSync(this.folder, { recursive: true });
    const copy = join(this.#synced, '../copy');
    rmSync(copy, { recursive: true, force: true });
    for (const to of [this.folder, copy]) cpSync(this.#synced, to, { recursive: true });
    return copy;
  }
}
