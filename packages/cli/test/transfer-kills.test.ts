import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { describe, expect, it } from 'vitest';
import { runSluice, startSluice } from './transfer/run-sluice.js';
import { makeShop } from './transfer/shop-file.js';

/** SLUICE_TEST_KILLS asks for more. */
const KILLS = Number(process.env.SLUICE_TEST_KILLS ?? 10);

describe('sluice transfer under SIGKILL', () => {
  it(`ends in identical content after ${KILLS} kills at random points`, {
    timeout: 60_000 + KILLS * 20_000,
  }, async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 20_000);
    const url = await temporaryPostgresUrl();
    const longest = await timeOf(['transfer', source, 'env:TARGET_URL'], url);
    const phases = new Map<string, number>();
    let restart = true;
    for (let kills = 0; kills < KILLS; ) {
      const { child, ended } = startSluice(
        ['transfer', source, 'env:TARGET_URL', restart ? '--replace' : '--resume'],
        url,
      );
      const isOver = await Promise.race([
        ended.then(() => true),
        sleep(Math.random() * longest).then(() => false),
      ]);
      child.kill('SIGKILL');
      const { code, err } = await ended;
      if (!isOver) {
        kills += 1;
        const phase = /(\w+)[^\n]*\n$/.exec(err)?.[1] ?? 'start';
        phases.set(phase, (phases.get(phase) ?? 0) + 1);
      }
      if (isOver) {
        expect(err).not.toContain('error:');
        expect(code).toBe(0);
        await expectEqual(source, url);
      }
      // A kill before the state was written leaves what was there before: begin again then as well.
      restart = isOver;
    }
    const last = await runSluice(['transfer', source, 'env:TARGET_URL', '--resume'], url);
    expect(last.err).not.toContain('error:');
    expect(last.code).toBe(0);
    await expectEqual(source, url);
    if (process.env.SLUICE_TEST_KILLS !== undefined) console.log('killed in', Object.fromEntries(phases));
  });
});

async function timeOf(args: readonly string[], url: string): Promise<number> {
  const from = performance.now();
  const { code, err } = await runSluice(args, url);
  expect(err).not.toContain('error:');
  expect(code).toBe(0);
  return performance.now() - from;
}

async function expectEqual(source: string, url: string): Promise<void> {
  const { code, out } = await runSluice(['verify', source, 'env:TARGET_URL'], url);
  expect(out).not.toContain('different');
  expect(code).toBe(0);
}
