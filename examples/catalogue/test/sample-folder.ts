import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** One file of every kind that the catalogue distinguishes. */
const FILES: Readonly<Record<string, string | Buffer>> = {
  'README.md': '# Sample\n',
  'a/index.ts': 'export const a = 1;\n',
  'a/copy-of-index.ts': 'export const a = 1;\n',
  'a/deep/er/data.json': '{"a": [1, null]}',
  'a/100%_sure.txt': 'percent and underscore',
  'b/picture.png': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]),
  'b/no-extension': 'plain',
  'b/empty': '',
  'b/naïve 日本 😀.txt': 'four bytes',
  'index.d/readme.txt': 'a folder whose name begins like another',
};

/** The number of files and folders in a sample. Two files have the same content. */
export const SAMPLE = { files: Object.keys(FILES).length, folders: 6 };

/** Creates a folder of known files in a temporary place. It is removed after the test file. */
export async function sampleFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFiles(folder, FILES);
  // Links are skipped, so that no file counts twice and no walk is endless.
  await symlink(join(folder, 'a'), join(folder, 'b/link-to-a'));
  await symlink(join(folder, 'README.md'), join(folder, 'link-to-readme'));
  return folder;
}

/** Creates a folder with `count` small files, a hundred in each subfolder. */
export async function manyFiles(count: number): Promise<string> {
  const folder = await temporaryFolder();
  for (let start = 0; start < count; start += 100) {
    const names = Array.from({ length: Math.min(100, count - start) }, (_, index) => start + index);
    await writeFiles(
      folder,
      Object.fromEntries(names.map((number) => [`part-${start}/file-${number}.txt`, `number ${number}`])),
    );
  }
  return folder;
}

/** Writes files. Their paths are relative to `folder`. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-catalogue-'));
  made.push(folder);
  return folder;
}

const made: string[] = [];

afterAll(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});
