import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The name of standard input, and of standard output, as an argument. */
export const STANDARD_STREAM = '-';

/** Runs `work` with the path of a file, into which standard input is copied when `file` is `-`: it may have to be read twice. */
export async function withInputFile<T>(file: string, work: (path: string) => Promise<T>): Promise<T> {
  if (file !== STANDARD_STREAM) return work(file);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-stdin-'));
  try {
    const path = join(folder, 'standard-input');
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
