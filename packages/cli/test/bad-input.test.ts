import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { temporarySqlitePath } from '@sluice/testkit';
import { describe, expect, it } from 'vitest';
import { run } from './run-here.js';

const SLUICE = fileURLToPath(new URL('../bin/sluice.js', import.meta.url));

/** A database with a table `note` of three rows. */
async function notes(): Promise<{ readonly path: string; readonly folder: string }> {
  const path = await temporarySqlitePath();
  const storage = await openStorage<{ note: { id: number; text: string | null } }>({
    url: `sqlite:${path}`,
    drivers: [sqlite({ profile: 'test' })],
  });
  await storage.kysely.schema
    .createTable('note')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('text', 'text')
    .execute();
  await storage.repository('note', { key: 'id' }).insertMany([
    { id: 1, text: 'one' },
    { id: 2, text: '=1+1' },
    { id: 3, text: '-5' },
  ]);
  await storage.close();
  return { path, folder: dirname(path) };
}

describe('a database that is named wrongly', () => {
  const COMMANDS: readonly (readonly [string, (place: string, folder: string) => string[]])[] = [
    ['export', (place, folder) => ['export', place, 'note', join(folder, 'out.csv')]],
    ['import', (place, folder) => ['import', place, 'note', join(folder, 'in.csv')]],
    ['codegen', (place, folder) => ['codegen', '--url', place, '--out', join(folder, 'db.ts')]],
    ['doctor', (place) => ['doctor', place]],
  ];

  it.each(COMMANDS)('is not created by %s', async (_, command) => {
    const { folder } = await notes();
    const path = join(folder, 'typo.db');
    for (const place of [path, `sqlite:${path}`]) {
      const { code, out, err } = await run(...command(place, folder));
      expect({ code, out }).toStrictEqual({ code: 2, out: '' });
      expect(err).toContain(`There is no file ${path}.`);
    }
    expect([existsSync(path), existsSync(join(folder, 'db.ts'))]).toStrictEqual([false, false]);
  });

  it.each(COMMANDS)('is said to be a folder, or an empty file, by %s', async (_, command) => {
    const { folder } = await notes();
    const [inside, empty] = [join(folder, 'inside'), join(folder, 'empty.db')];
    await mkdir(inside);
    await writeFile(empty, '');
    expect((await run(...command(inside, folder))).err).toContain('is a folder');
    expect((await run(...command(empty, folder))).err).toContain('is an empty file');
  });

  it('may be a path, as the help says', async () => {
    const { path, folder } = await notes();
    const file = join(folder, 'out.ndjson');
    expect(await run('export', path, 'note', file)).toMatchObject({ code: 0 });
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(4);
  });
});

describe('export', () => {
  it('writes to standard output, and what it says elsewhere', async () => {
    const { path } = await notes();
    expect(await run('export', path, 'note', '-', '--format', 'ndjson')).toStrictEqual({
      code: 0,
      out: '{"id":1,"text":"one"}\n{"id":2,"text":"=1+1"}\n{"id":3,"text":"-5"}\n',
      err: '3 rows of note exported into -\n',
    });
  });

  it('does not write through a link at its partial file', async () => {
    const { path, folder } = await notes();
    const [victim, file] = [join(folder, 'victim.txt'), join(folder, 'out.csv')];
    await writeFile(victim, 'precious');
    await symlink(victim, `${file}.partial`);
    expect(await run('export', path, 'note', file)).toMatchObject({ code: 0 });
    expect(await readFile(victim, 'utf8')).toBe('precious');
    expect(await readFile(file, 'utf8')).toContain('one');
  });

  it('says that a spreadsheet would run a text, and disarms it when asked', async () => {
    const { path, folder } = await notes();
    const file = join(folder, 'out.csv');
    expect((await run('export', path, 'note', file)).err).toContain('1 texts begin as formulas do');
    expect(await readFile(file, 'utf8')).toBe('id,text\n1,one\n2,=1+1\n3,-5\n');
    expect((await run('export', path, 'note', file, '--disarm-formulas')).err).toBe('');
    expect(await readFile(file, 'utf8')).toBe("id,text\n1,one\n2,'=1+1\n3,-5\n");
  });

  it('names a folder as one', async () => {
    const { path, folder } = await notes();
    expect((await run('export', path, 'note', folder, '--format', 'csv')).err).toContain('is a folder');
  });
});

describe('import', () => {
  /** Goes on for longer than a line may be. */
  const LONG = '{"id":7}\n{"id":8,"text":"';

  const bad = Buffer.from([0xff, 0xc3, 0x28]);
  const FILES: readonly (readonly [string, string | Buffer, string])[] = [
    [
      'bad.ndjson',
      Buffer.concat([Buffer.from('{"id":7}\n{"id":8,"text":"'), bad, Buffer.from('"}\n')]),
      'Line 2',
    ],
    ['bad.csv', Buffer.concat([Buffer.from('id,text\n7,x\n8,'), bad]), 'Line 3'],
    ['bad.json', Buffer.concat([Buffer.from('[\n{"text":"'), bad, Buffer.from('"}]')]), 'Line 2'],
    ['twice.csv', 'id,text,text\n7,first,second\n', 'names the column "text" twice'],
    ['open.csv', 'id,text\n7,"never closed\n', 'at line 2'],
    ['wide.csv', 'id,text\n7,x,y\n', 'is no CSV'],
    ['large.ndjson', '{"id":7}\n{"id":12345678901234567890}\n', 'line 2 has a number at $.id'],
    ['long.ndjson', LONG, 'Line 2 of'],
  ];

  it.each(FILES)('refuses %s by its line, and writes nothing', async (name, content, message) => {
    const { path, folder } = await notes();
    const file = join(folder, name);
    await writeFile(file, content === LONG ? content + 'x'.repeat(65 * 1024 * 1024) : content);
    const { code, out, err } = await run('import', path, 'note', file);
    expect({ code, out }).toStrictEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toContain('unexpected');
    const rows = await run('export', path, 'note', '-', '--format', 'ndjson');
    expect(rows.out.trim().split('\n')).toHaveLength(3);
  });

  it('reads a byte order mark, CRLF, and text of several chunks', async () => {
    const { path, folder } = await notes();
    const long = 'ü'.repeat(100_000);
    await writeFile(join(folder, 'in.csv'), `\ufeffid,text\r\n7,"a\r\nb"\r\n8,${long}\r\n`);
    expect(await run('import', path, 'note', join(folder, 'in.csv'))).toMatchObject({ code: 0 });
    const rows = await run('export', path, 'note', '-', '--format', 'ndjson');
    expect(
      rows.out
        .trim()
        .split('\n')
        .slice(3)
        .map((line) => JSON.parse(line)),
    ).toStrictEqual([
      { id: 7, text: 'a\r\nb' },
      { id: 8, text: long },
    ]);
  });

  it('reads standard input', async () => {
    const { path } = await notes();
    const input = '{"id":7,"text":"seven"}\n';
    const args = [SLUICE, 'import', path, 'note', '-', '--format', 'ndjson'];
    expect(spawnSync(process.execPath, args, { input, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '1 rows imported into note\n',
    });
  });
});
