import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterEach, expect, it } from 'vitest';

const PACKAGE = fileURLToPath(new URL('../', import.meta.url));

/** Uses every thread of the driver: writer, reader, snapshot, checkpointer, and that of a task. */
const APPLICATION = `
  import { openStorage } from '@sluice/core';
  import { checkIntegrity, sqlite } from '@sluice/sqlite-driver';

  const main = async () => {
    const storage = await openStorage({ url: 'sqlite:app.db', drivers: [sqlite()] });
    await storage.kysely.schema.createTable('t').addColumn('id', 'integer', (column) => column.primaryKey()).execute();
    const rows = storage.repository('t', { key: 'id' });
    await rows.insertMany([{ id: 1 }, { id: 2 }]);
    let sum = (await rows.get(2)).id + (await rows.find()).length;
    for await (const row of rows.stream()) sum += row.id;
    await storage.backup('copy.db');
    await storage.close();
    await checkIntegrity('copy.db');
    console.log('sum', sum);
  };
  main().catch((error) => console.log(error.code, error.message));
`;

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Puts the application and the driver into one file, which runs in a folder with only these packages beside it. */
async function runBundle(
  format: 'cjs' | 'esm',
  external: readonly string[],
  installed: readonly string[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bundled-'));
  folders.push(folder);
  const source = join(folder, 'source');
  await install(source, ['@sluice/core', '@sluice/sqlite-driver', 'better-sqlite3']);
  await writeFile(join(source, 'main.mjs'), APPLICATION);
  const target = join(folder, 'target');
  await install(target, installed);
  const bundle = await rolldown({
    input: join(source, 'main.mjs'),
    platform: 'node',
    external: [...external],
    logLevel: 'silent',
  });
  await bundle.write({ dir: target, format, entryFileNames: `main.${format === 'cjs' ? 'cjs' : 'mjs'}` });
  await bundle.close();
  expect(await readdir(source)).toContain('main.mjs');
  const main = format === 'cjs' ? 'main.cjs' : 'main.mjs';
  const { NODE_PATH: _, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [main], { cwd: target, encoding: 'utf8', env });
  return stdout + stderr;
}

async function install(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(join(folder, 'node_modules/@sluice'), { recursive: true });
  for (const name of names) {
    const from = name === '@sluice/sqlite-driver' ? PACKAGE : join(PACKAGE, 'node_modules', name);
    await symlink(from, join(folder, 'node_modules', name), 'dir');
  }
}

it.each(['esm', 'cjs'] as const)(
  'works bundled as %s: its threads are those of the installed package',
  async (format) => {
    const installed = ['@sluice/sqlite-driver', 'better-sqlite3'];
    expect(await runBundle(format, ['better-sqlite3'], installed)).toBe('sum 7\n');
  },
);

it('says in one error how to keep it out of a bundle that has no package beside it', async () => {
  const said = await runBundle('esm', ['better-sqlite3'], ['better-sqlite3']);
  expect(said).toMatch(/^invalid_configuration The SQLite driver runs threads from files of its own, /);
  expect(said).toContain('--external:@sluice/sqlite-driver --external:better-sqlite3');
});

it('says the same where better-sqlite3 is missing', async () => {
  const said = await runBundle('esm', ['better-sqlite3'], ['@sluice/sqlite-driver']);
  expect(said).toMatch(/^invalid_configuration better-sqlite3 cannot be loaded\..*serverExternalPackages/);
});
