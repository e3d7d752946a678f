import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { describe, expect, it } from 'vitest';
import { runSluice } from './transfer/run-sluice.js';

const ROWS = [
  {
    id: 1,
    is_active: true,
    born_on: '2024-02-29',
    settings: { a: [1] },
    price: '1.50',
    title: 'one, "quoted"',
    uploaded_at: '2024-02-29T12:00:00.000Z',
    token: '123e4567-e89b-12d3-a456-426614174000',
    payload: 'AAH/',
  },
  {
    id: 2,
    is_active: false,
    born_on: '2024-03-01',
    settings: {},
    price: '-2.00',
    title: 'zwei\nlines',
    uploaded_at: '2024-02-29T12:00:00.001Z',
    token: '123e4567-e89b-12d3-a456-426614174001',
    payload: null,
  },
];

async function emptyDatabase(url: string): Promise<string> {
  const storage = await openStorage({
    url,
    drivers: [sqlite(), postgres()],
    migrations: new URL('./migrations/', import.meta.url),
  });
  await storage.migrator.up();
  await storage.close();
  return url;
}

describe.each(['sqlite', 'postgres'])('import and export on %s', (engine) => {
  const makeUrl = async (): Promise<string> =>
    emptyDatabase(
      engine === 'sqlite' ? `sqlite:${await temporarySqlitePath()}` : await temporaryPostgresUrl(),
    );

  it.each(['json', 'ndjson', 'csv'])('gives back what was imported, by way of %s', async (format) => {
    const folder = dirname(await temporarySqlitePath());
    const original = join(folder, 'original.json');
    await writeFile(
      original,
      JSON.stringify(ROWS.map(({ title, ...row }) => ({ ...row, Name: title, junk: 1 }))),
    );
    const [first, second] = [await makeUrl(), await makeUrl()];
    const imported = await runSluice(
      ['import', 'env:TARGET_URL', 'sample', original, '--map', 'Name=title', 'junk='],
      first,
    );
    expect(imported).toMatchObject({ code: 0, out: '2 rows imported into sample\n' });
    const file = join(folder, `rows.${format}`);
    expect(await runSluice(['export', 'env:TARGET_URL', 'sample', file], first)).toMatchObject({ code: 0 });
    expect(await runSluice(['import', 'env:TARGET_URL', 'sample', file], second)).toMatchObject({ code: 0 });
    const json = join(folder, 'again.json');
    await runSluice(['export', 'env:TARGET_URL', 'sample', json], second);
    const again = JSON.parse(await readFile(json, 'utf8'));
    for (const [index, row] of ROWS.entries()) expect(again[index]).toMatchObject(row);
  });

  it('writes nothing when a row does not fit, and names it; or puts it aside', async () => {
    const file = join(dirname(await temporarySqlitePath()), 'rows.ndjson');
    const wrong = { ...ROWS[1], price: 'cheap' };
    await writeFile(
      file,
      [ROWS[0], wrong, { ...ROWS[1], id: 1 }].map((row) => JSON.stringify(row)).join('\n'),
    );
    const url = await makeUrl();
    const refused = await runSluice(['import', 'env:TARGET_URL', 'sample', file], url);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('Row 2') });
    const rejects = `${file}.rejects`;
    const partly = await runSluice(['import', 'env:TARGET_URL', 'sample', file, '--rejects', rejects], url);
    expect(partly).toMatchObject({
      code: 1,
      out: expect.stringContaining('1 rows imported into sample, 2 rejected'),
    });
    const lines = (await readFile(rejects, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { position: 2, reason: expect.stringContaining('price'), values: wrong },
      { position: 3, reason: expect.stringContaining('exists already') },
    ]);
  });
});
