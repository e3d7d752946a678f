import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporarySqlitePath } from '@sluice/testkit';
import { type PostgresServer, queryValues, startPostgresServer } from '@sluice/testkit/postgres-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSluice, type SluiceRun, said, startSluice } from './transfer/run-sluice.js';
import { makeShop } from './transfer/shop-file.js';
import { startApplication } from './transfer/start-application.js';

/** SLUICE_TEST_KILLS asks for more. */
const KILLS = Number(process.env.SLUICE_TEST_KILLS ?? 6);
const VICTIMS = ['tool', 'server', 'application'] as const;
type Victim = (typeof VICTIMS)[number];

/** After each of these lines of the tool; where most can go wrong comes first. */
const PHASES = ['copy', 'audit', 'finish', 'rehearse', 'verify'] as const;
type Phase = (typeof PHASES)[number];

/** About as long as the longest phase takes. */
const SPREAD_MS = 400;

let server: PostgresServer;
beforeAll(async () => {
  // A server that can be killed is one of our own.
  server = await startPostgresServer({ source: 'embedded', durable: true });
}, 120_000);
afterAll(() => server?.stop());

function faults(): NonNullable<PostgresServer['faults']> {
  if (server.faults === undefined) throw new Error('The server of the npm binaries can be killed.');
  return server.faults;
}

describe('sluice transfer under SIGKILL', () => {
  it(`ends in identical content after ${KILLS} kills of tool, server and application at random points`, {
    timeout: 120_000 + KILLS * 30_000,
  }, async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 60_000);
    const url = await server.createDatabase();
    await timeOf(['transfer', source, 'env:TARGET_URL'], url);
    const killed = new Map<string, number>();
    for (let kills = 0; kills < KILLS; ) {
      const victim = VICTIMS[kills % VICTIMS.length] as Victim;
      const after = PHASES[Math.floor(kills / VICTIMS.length) % PHASES.length] as Phase;
      const begin = await howToBegin(url);
      const { run, isHit } = await killDuring(victim, [source, url, begin], after);
      if (isHit) kills += 1;
      const name = `${victim} ${isHit ? `during ${after} or soon after` : 'after the end'}`;
      killed.set(name, (killed.get(name) ?? 0) + 1);
      expectClearState(run, victim, isHit);
      if (run.code === 0) await expectWholeOrders(url);
      if (run.code === 0 && victim !== 'application') await expectEqual(source, url);
    }
    const last = await runSluice(['transfer', source, 'env:TARGET_URL', await howToBegin(url)], url);
    expect(last.err).not.toContain('error:');
    expect(last.code).toBe(0);
    await expectEqual(source, url);
    await expectWholeOrders(url);
    if (process.env.SLUICE_TEST_KILLS !== undefined) console.log(Object.fromEntries(killed));
  });

  it(`ends in identical content on the way back after ${KILLS} kills of tool and server`, {
    timeout: 120_000 + KILLS * 30_000,
  }, async () => {
    const source = await temporarySqlitePath();
    makeShop(source, 20_000);
    const url = await server.createDatabase();
    await timeOf(['transfer', source, 'env:TARGET_URL'], url);
    // Of another name than the source: by its name a file is known as the one that the target was made from.
    const back = `${await temporarySqlitePath()}-back.db`;
    const args = ['transfer', 'env:TARGET_URL', `sqlite:${back}`];
    const longest = await timeOf(args, url, EXIT_LISTED);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const { child, ended } = startSluice([...args, existsSync(back) ? '--replace' : '--resume'], url);
      const isOver = await Promise.race([ended.then(() => true), sleep(Math.random() * longest, false)]);
      const isServer = kills % 2 === 1 && !isOver;
      if (isServer) await faults().crash();
      else child.kill('SIGKILL');
      const run = await ended;
      if (isServer) {
        await faults().restart();
        expectClearState(run, 'server', true);
      }
      // Only what is whole has its name.
      if (existsSync(back)) await expectSame(url, back);
    }
    const last = await runSluice([...args, existsSync(back) ? '--replace' : '--resume'], url);
    expect(last.err).not.toContain('error:');
    await expectSame(url, back);
    await expectEqual(source, url);
  });
});

async function expectSame(url: string, file: string): Promise<void> {
  const { code, out } = await runSluice(['verify', 'env:TARGET_URL', `sqlite:${file}`], url);
  expect(out).not.toContain('different');
  expect(code).toBe(0);
}

/** What was interrupted goes on; what is done is begun again, for the application has written since. */
async function howToBegin(url: string): Promise<string> {
  const [[state] = []] = await queryValues(url, 'select state from sluice_transfer.transfer');
  return state === 'finished' ? '--replace' : '--resume';
}

/** Kills one of the three while a transfer runs, at a random moment from the beginning of a phase on, and makes ready for the next. */
async function killDuring(
  victim: Victim,
  [source, url, begin]: readonly [string, string, string],
  after: Phase,
): Promise<{ readonly run: SluiceRun; readonly isHit: boolean }> {
  const application = victim === 'application' ? await startApplication(source) : undefined;
  const { child, ended } = startSluice(['transfer', source, 'env:TARGET_URL', begin], url);
  // One that goes on with another's work does not pass through every phase.
  const moment = said(child, after).then(
    () => sleep(Math.random() * SPREAD_MS, false),
    () => true,
  );
  const isOver = await Promise.race([ended.then(() => true), moment]);
  if (victim === 'tool') child.kill('SIGKILL');
  if (victim === 'server' && !isOver) await faults().crash();
  if (application !== undefined) {
    application.kill('SIGKILL');
    await once(application, 'close');
  }
  const run = await ended;
  if (victim === 'server' && !isOver) await faults().restart();
  return { run, isHit: !isOver };
}

/** The tool goes on when the application dies, says what to do when the server does, and throws no stack at anybody. */
function expectClearState({ code, out, err }: SluiceRun, victim: Victim, isHit: boolean): void {
  expect(err).not.toMatch(/^\s+at /m);
  if (!isHit || victim === 'application') expect({ code, err }).toMatchObject({ code: 0 });
  else if (victim === 'server' && code !== 0 && !/\bdone\n$/.test(out)) {
    expect(code).toBe(2);
    expect(err).toMatch(/error: .*(?:--resume|cannot be reached|starting up|connect)/i);
  }
}

/** The shop has a view, which the way back lists. */
const EXIT_LISTED = 1;

async function timeOf(args: readonly string[], url: string, status = 0): Promise<number> {
  const from = performance.now();
  const { code, err } = await runSluice(args, url);
  expect(err).not.toContain('error:');
  expect(code).toBe(status);
  return performance.now() - from;
}

/** The snapshot holds, whatever the application was writing: two items for each order. */
async function expectWholeOrders(url: string): Promise<void> {
  const torn = `select count(*)::int from "order" where (select count(*) from item where item."order" = "order".id) <> 2`;
  expect(await queryValues(url, torn)).toEqual([[0]]);
}

async function expectEqual(source: string, url: string): Promise<void> {
  const { code, out } = await runSluice(['verify', source, 'env:TARGET_URL'], url);
  expect(out).not.toContain('different');
  expect(code).toBe(0);
}
