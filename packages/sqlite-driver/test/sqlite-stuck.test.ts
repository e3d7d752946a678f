import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './opened-database.js';
import { startChild } from './processes/child.js';

/** What a step of `processes/stuck.mjs` told. */
interface Told {
  readonly step: string;
  readonly [key: string]: unknown;
}

interface Ended {
  readonly told: readonly Told[];
  readonly exitCode: number | null;
}

type Scenario = 'again' | 'close' | 'kinds' | 'transaction' | 'transactions' | 'wal' | 'write';

/** Runs statements that do not end, in a process that ends in one of several ways. */
async function run(
  scenario: Scenario,
  end: 'exit' | 'leave' | 'natural' | 'throw',
  options: object = {},
): Promise<Ended> {
  const path = join(await temporaryFolder(), 'test.db');
  const child = startChild('stuck.mjs', path, scenario, end, JSON.stringify(options));
  const exitCode = await child.ended;
  return { told: child.lines.map((line) => JSON.parse(line)), exitCode };
}

/** The results of the steps, each once: how often a statement is tried depends on how fast processes start. */
function results({ told }: Ended): readonly Told[] {
  const steps = told.filter(({ step }) => step !== 'engine' && step !== 'closed');
  return steps.filter(
    (step, index) => !steps.slice(0, index).some((earlier) => isDeepStrictEqual(earlier, step)),
  );
}

function engine({ told }: Ended): Told | undefined {
  return told.find(({ step }) => step === 'engine');
}

const CUT = { step: 'endless', error: 'TimeoutError' };

const READS = [
  { step: 'get', result: { id: 1, name: 'a' } },
  { step: 'plain read', result: [{ n: 300 }] },
  { step: 'snapshot', result: true },
];

const WRITES = [
  { step: 'insert', result: 'b' },
  { step: 'plain write', result: 'done' },
  { step: 'transaction', result: 'done' },
];

describe('C8 reads that do not end', () => {
  test('hold one thread: the next of the kind runs in a process, which is killed', async () => {
    const ended = await run('again', 'exit');
    expect(results(ended).slice(0, 4)).toStrictEqual([CUT, ...READS]);
    expect(engine(ended)).toMatchObject({ stuckReaders: 1 });
    expect(ended.told.at(-1)).toMatchObject({
      step: 'closed',
      warnings: ['reader_stuck', 'closed_while_stuck'],
    });
    expect(ended.exitCode).toBe(3);
  });

  test('of more kinds than there are readers leave all other reads as they are', async () => {
    const ended = await run('kinds', 'natural');
    expect(results(ended).slice(0, 7)).toStrictEqual([
      CUT,
      { step: 'product', error: 'TimeoutError' },
      { step: 'in a transaction', error: 'timeout' },
      { step: 'stream', error: 'TimeoutError' },
      ...READS,
    ]);
    expect(ended.exitCode).toBe(0);
  });

  test('keep the WAL over its budget, for which no other reader is ended', async () => {
    const ended = await run('wal', 'exit', { checkpointBytes: 65_536, walBudgetBytes: 262_144 });
    expect(results(ended)[1]).toStrictEqual({ step: 'held snapshot', result: true });
    expect(engine(ended)).toMatchObject({ stuckReaders: 1, readersEnded: 0 });
    expect(ended.exitCode).toBe(3);
  });

  test('without processes leave reads by key, and other reads are refused', async () => {
    const ended = await run('kinds', 'leave', { childProcesses: 'never', readers: 1 });
    const told = results(ended);
    expect(told.find(({ step }) => step === 'get')).toStrictEqual(READS[0]);
    expect(told).toContainEqual({ step: 'plain read', error: 'overloaded' });
    expect(told.at(-1)).toStrictEqual({ step: 'health', isHealthy: false, error: 'connection_stuck' });
    expect(ended.exitCode).toBe(0);
  });
});

describe('C8 writes that do not end', () => {
  test('run in a process, which is killed, so that the next write follows', async () => {
    const ended = await run('write', 'exit');
    expect(results(ended)).toStrictEqual([
      CUT,
      ...WRITES,
      { step: 'get', result: { id: 1, name: 'c' } },
      ...READS.slice(1),
      { step: 'health', isHealthy: true },
    ]);
    expect(engine(ended)).toMatchObject({ stuckWriters: 0 });
    expect(ended.told.at(-1)).toStrictEqual({ step: 'closed', warnings: [] });
    expect(ended.exitCode).toBe(3);
  });

  test('in a transaction hold the writer: later writes are refused at once, reads go on', async () => {
    const ended = await run('transaction', 'throw');
    expect(results(ended)).toStrictEqual([
      { step: 'endless', error: 'timeout' },
      ...WRITES.map(({ step }) => ({ step, error: 'connection_stuck' })),
      ...READS,
      { step: 'health', isHealthy: false, error: 'connection_stuck' },
    ]);
    expect(engine(ended)).toMatchObject({ stuckWriters: 1 });
    expect(ended.told.at(-1)).toMatchObject({ warnings: ['writer_stuck', 'closed_while_stuck'] });
    expect(ended.exitCode).toBe(1);
  });

  test('in a transaction in a process are undone, and the next write follows', async () => {
    const ended = await run('transactions', 'exit', { childProcesses: 'transactions' });
    expect(results(ended)).toStrictEqual([
      { step: 'endless', error: 'timeout' },
      ...WRITES,
      { step: 'get', result: { id: 1, name: 'c' } },
      ...READS.slice(1),
      { step: 'health', isHealthy: true },
    ]);
    expect(engine(ended)).toMatchObject({ stuckWriters: 0 });
    expect(ended.exitCode).toBe(3);
  });
});

describe('C12 the end', () => {
  test('close ends calls without a deadline after its grace, and the process ends', async () => {
    const ended = await run('close', 'exit');
    expect(ended.told.at(-1)).toStrictEqual({ step: 'closed' });
    for (const step of ['read', 'write', 'queued'])
      expect(ended.told).toContainEqual({ step, error: 'closed' });
    expect(ended.exitCode).toBe(3);
  });

  test('a process ends by itself while a thread is stuck and the storage is open', async () => {
    const ended = await run('again', 'leave');
    expect(ended.exitCode).toBe(0);
  });

  test('a process that is killed leaves no process of a connection behind', async () => {
    const path = join(await temporaryFolder(), 'test.db');
    const child = startChild('endless-write.mjs', path);
    const pid = await new Promise<number>((resolve) =>
      child.process.stdout?.once('data', (line: Buffer) => resolve(Number(line.toString()))),
    );
    expect(isAlive(pid)).toBe(true);
    child.process.kill('SIGKILL');
    await child.ended;
    while (isAlive(pid)) await delay(10);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
