import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { describe, expect, it } from 'vitest';
import { countFiles, dumpCatalogue } from './catalogue-dump.js';
import { runCatalogue, type StartedRun, startCatalogue } from './catalogue-process.js';
import { manyFiles } from './sample-folder.js';

const FILES = 5_000;

describe.each([
  { driver: 'sqlite', newUrl: async () => `sqlite:${await temporarySqlitePath()}` },
  { driver: 'postgres', newUrl: () => temporaryPostgresUrl() },
])('Ctrl-C on $driver', ({ newUrl }) => {
  it('leaves a catalogue that the next run completes', async () => {
    const [url, folder] = [await newUrl(), await manyFiles(FILES)];
    const run = startCatalogue(url, folder);
    await untilSomeFiles(url, run);
    run.process.kill('SIGINT');
    const { code, err } = await run.outcome;
    expect(err).toContain('Run the same command again to go on from there.');
    expect(code).toBe(130);

    const kept = await countFiles(url);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(FILES);
    const { load, totals } = await runCatalogue(url, folder, '--callers', '0');
    expect(load).toMatchObject({ unchanged: kept, added: FILES - kept });
    expect(totals.files).toBe(FILES);

    const untroubled = await newUrl();
    await runCatalogue(untroubled, folder, '--callers', '0');
    expect(await dumpCatalogue(url)).toBe(await dumpCatalogue(untroubled));
  });
});

async function untilSomeFiles(url: string, run: StartedRun): Promise<void> {
  let ended: string | undefined;
  void run.outcome.then(({ err }) => {
    ended = err;
  });
  while ((await countFiles(url)) === 0) {
    if (ended !== undefined) throw new Error(`The run ended by itself: ${ended}`);
    await sleep(10);
  }
}
