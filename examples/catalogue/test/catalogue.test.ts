import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { describe, expect, it } from 'vitest';
import { countViews, dumpCatalogue } from './catalogue-dump.js';
import { runCatalogue } from './catalogue-process.js';
import { manyFiles, SAMPLE, sampleFolder, writeFiles } from './sample-folder.js';

const DRIVERS = [
  { driver: 'sqlite', newUrl: async () => `sqlite:${await temporarySqlitePath()}` },
  { driver: 'postgres', newUrl: () => temporaryPostgresUrl() },
];

describe.each(DRIVERS)('the catalogue on $driver', ({ driver, newUrl }) => {
  it('holds every file once, its folders and its contents, and has met no error', async () => {
    const figures = await runCatalogue(await newUrl(), await sampleFolder());
    expect(figures).toMatchObject({
      driver,
      totals: { ...SAMPLE, contents: SAMPLE.files - 1 },
      load: {
        added: SAMPLE.files,
        changed: 0,
        removed: 0,
        unchanged: 0,
        unreadable: 0,
        isInterrupted: false,
      },
      errors: {},
      locks: { failures: 0 },
    });
    for (const { count } of Object.values(figures.foreground.operations)) expect(count).toBeGreaterThan(0);
  });

  it('writes nothing on a second run over the same files', async () => {
    const [url, folder] = [await newUrl(), await sampleFolder()];
    await runCatalogue(url, folder, '--callers', '0');
    const before = await dumpCatalogue(url);
    const { load } = await runCatalogue(url, folder, '--callers', '0');
    expect(load).toMatchObject({ unchanged: SAMPLE.files, rowsWritten: 0, bytesHashed: 0 });
    expect(await dumpCatalogue(url)).toBe(before);
  });

  it('finds what was added, changed, touched and removed since', async () => {
    const [url, folder] = [await newUrl(), await sampleFolder()];
    await runCatalogue(url, folder, '--callers', '0');
    await writeFiles(folder, { 'c/new.txt': 'new', 'README.md': '# Changed\n' });
    await utimes(join(folder, 'b/no-extension'), 1, 1);
    await rm(join(folder, 'a'), { recursive: true });
    await rm(join(folder, 'b/empty'));
    const { load, totals, errors } = await runCatalogue(url, folder, '--callers', '0');
    expect(load).toMatchObject({ added: 1, changed: 1, removed: 5, unchanged: SAMPLE.files - 6 });
    expect(totals).toEqual({
      files: SAMPLE.files - 4,
      folders: SAMPLE.folders - 2,
      contents: SAMPLE.files - 4,
    });
    expect(errors).toEqual({});
  });

  it('loses no view of callers that view the same files at the same time', async () => {
    const [url, folder] = [await newUrl(), await manyFiles(20)];
    const { foreground } = await runCatalogue(url, folder, '--callers', '32');
    expect(foreground.views).toBeGreaterThan(0);
    expect(await countViews(url)).toBe(foreground.views);
  });
});

describe('the catalogue on both drivers', () => {
  it('holds the same rows with the same values', async () => {
    const folder = await sampleFolder();
    const dumps: string[] = [];
    for (const { newUrl } of DRIVERS) {
      const url = await newUrl();
      await runCatalogue(url, folder);
      dumps.push(await dumpCatalogue(url));
    }
    expect(dumps[0]).toContain('naïve 日本 😀.txt');
    expect(dumps[1]).toBe(dumps[0]);
  });
});
