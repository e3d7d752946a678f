import { type CallOptions, SluiceError } from '@sluice/core';
import { expect, test } from 'vitest';
import { CASE_TIMEOUT_MS, type Fixture } from '../../fixture/fixture.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

/** How many calls race with their cancellation. SLUICE_TEST_ABORTS asks for more. */
const CALLS = Number(process.env.SLUICE_TEST_ABORTS ?? 2_000);

/** As many are in flight at once. */
const WAVE = 200;

/** A write of some rows, and what became of it. */
interface Call {
  readonly names: readonly string[];
  readonly outcome: string;
}

/** The ways to write rows together: each call is whole or not at all. */
const WRITES: readonly ((
  storage: SuiteStorage,
  names: readonly string[],
  options: CallOptions,
) => Promise<unknown>)[] = [
  (storage, [name = ''], options) => accounts(storage).insert({ name, balance: 1 }, options),
  (storage, names, options) => accounts(storage).insertMany(toRows(names), options),
  (storage, [name = ''], options) => accounts(storage).upsert({ name, balance: 2 }, options),
  (storage, names, options) =>
    storage.write(async (tx) => {
      for (const row of toRows(names)) await accounts(tx).insert(row);
    }, options),
  (storage, names, options) =>
    storage.batch(
      toRows(names).map((row) => storage.kysely.insertInto('account').values(row)),
      options,
    ),
];

/** Calls that are cancelled at a random moment: before, while and after they run. */
export function raceCases(fixture: Fixture): void {
  const timeout = CASE_TIMEOUT_MS + CALLS * 5;

  test(`C8 ${CALLS} writes race with their end: what was answered is stored, what was cancelled is not, none is half`, {
    timeout,
  }, async () => {
    const { storage } = fixture;
    // Node warns of a timer whose time is over before it is set.
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => {
      if (warning.name === 'TimeoutNegativeWarning') warnings.push(warning);
    };
    process.on('warning', onWarning);
    const outcomes = new Map<string, number>();
    let withinMs = 20;
    for (let first = 0; first < CALLS; first += WAVE) {
      const calls = await Promise.all(
        Array.from({ length: WAVE }, (_, index) => race(storage, first + index, withinMs)),
      );
      // About half of the calls should come in time, on any machine.
      const inTime = calls.filter(({ outcome }) => outcome === 'stored').length;
      withinMs *= inTime < WAVE / 2 ? 1.2 : 0.8;
      const stored = new Set((await accounts(storage).find()).map(({ name }) => name));
      expect(calls.filter((call) => !isAsAnswered(call, stored))).toStrictEqual([]);
      for (const { outcome } of calls) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await storage.kysely.deleteFrom('account').execute();
    }
    process.off('warning', onWarning);
    expect(warnings).toStrictEqual([]);
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['aborted', 'stored', 'timeout']));
    if (process.env.SLUICE_TEST_ABORTS !== undefined) console.log(Object.fromEntries(outcomes));
  });
}

async function race(storage: SuiteStorage, number: number, withinMs: number): Promise<Call> {
  const write = WRITES[number % WRITES.length];
  // The statements of one row get one name; the others three.
  const isSingle = number % WRITES.length === 0 || number % WRITES.length === 2;
  const names = Array.from({ length: isSingle ? 1 : 3 }, (_, part) => `${number}-${part}`);
  const afterMs = Math.random() * withinMs;
  const controller = new AbortController();
  const timer = number % 2 === 0 ? setTimeout(() => controller.abort(), afterMs) : undefined;
  const options = timer === undefined ? { timeoutMs: afterMs } : { signal: controller.signal };
  try {
    await write?.(storage, names, options);
    return { names, outcome: 'stored' };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { names, outcome: error.code };
  } finally {
    clearTimeout(timer);
  }
}

function isAsAnswered({ names, outcome }: Call, stored: ReadonlySet<string>): boolean {
  const found = names.filter((name) => stored.has(name)).length;
  switch (outcome) {
    case 'stored':
      return found === names.length;
    case 'aborted':
    case 'timeout':
      return found === 0;
    case 'commit_unknown':
      return found === 0 || found === names.length;
    default:
      return false;
  }
}

function toRows(names: readonly string[]): { name: string; balance: number }[] {
  return names.map((name) => ({ name, balance: 1 }));
}

function accounts(storage: Pick<SuiteStorage, 'repository'>) {
  return storage.repository('account', { key: 'name' });
}
