import type { IsolationLevel, Storage } from '@sluice/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS } from '../fixture/driver-deadlines.js';
import { createLatch } from '../fixture/rendezvous.js';
import { migrationsOf } from '../fixture/schema/suite-migrations.js';
import { ANOMALIES, ANOMALY_NAMES, type AnomalyName, type ScenarioContext } from './anomalies.js';
import { type AnomalyDatabase, Session } from './session.js';

/** The anomalies that may occur at each isolation level of a driver. The driver must prevent all others. */
export type IsolationTable = Readonly<Partial<Record<IsolationLevel, readonly AnomalyName[]>>>;

/**
 * Runs the ten named anomalies step by step, with two or three sessions, at each level of `table`, and compares the result with the table.
 * Then it tests two properties of an asynchronous API: a query outside of a transaction neither sees it nor joins it, and transactions
 * whose callbacks are interleaved by `await` stay separate.
 */
export function isolationMatrix(
  target: Pick<ConformanceTarget, 'name' | 'open'>,
  table: IsolationTable,
): void {
  describe(`isolation of ${target.name}`, { timeout: CASE_TIMEOUT_MS }, () => {
    let storage: Storage<AnomalyDatabase>;

    beforeAll(async () => {
      storage = await target.open<AnomalyDatabase>(`isolation_${process.pid}`, { migrations });
      await storage.migrator.up();
    }, CASE_TIMEOUT_MS);
    afterAll(() => storage.close());
    beforeEach(async () => {
      await storage.repository('anomaly', { key: 'id' }).deleteMany({ where: {} });
      await storage.repository('anomaly', { key: 'id' }).insertMany([
        { id: 1, value: 10 },
        { id: 2, value: 20 },
      ]);
    });

    for (const [level, occurring] of Object.entries(table) as [IsolationLevel, readonly AnomalyName[]][]) {
      for (const name of ANOMALY_NAMES) {
        const occurs = occurring.includes(name);
        test(`C3 ${name} ${occurs ? 'occurs' : 'is prevented'} at ${level} (${ANOMALIES[name].title})`, async () => {
          expect(await runScenario(name, storage, level)).toBe(occurs);
        });
      }
      asynchronousCases(() => storage, level);
    }
  });
}

const migrations = migrationsOf({
  '1': {
    up: async (db) => {
      await db.schema
        .createTable('anomaly')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('value', 'integer', (column) => column.notNull())
        .execute();
    },
  },
});

async function runScenario(
  name: AnomalyName,
  storage: Storage<AnomalyDatabase>,
  level: IsolationLevel,
): Promise<boolean> {
  const sessions: Session[] = [];
  const begin = (access: 'read only' | 'read write'): Session => {
    const session = new Session(storage.kysely, level, access);
    sessions.push(session);
    return session;
  };
  const { concurrentWriters } = storage.capabilities;
  const context: ScenarioContext = {
    writer: () => begin('read write'),
    reader: () => begin('read only'),
    // If writers run one at a time, the steps of the second writer wait until the first one ends.
    done: async (step) => void (await (concurrentWriters ? step : Promise.race([step, moment()]))),
    finalValues: async () => {
      const rows = await storage.repository('anomaly', { key: 'id' }).getMany([1, 2]);
      return rows.map((row) => row?.value);
    },
  };
  try {
    return await ANOMALIES[name].occurs(context);
  } finally {
    for (const session of sessions) await session.end();
  }
}

/** Long enough for a step that does not wait. If it is too short, the sessions overlap less, and the scenario is still correct. */
function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function asynchronousCases(storageOf: () => Storage<AnomalyDatabase>, isolation: IsolationLevel): void {
  test(`C3 a query outside neither sees nor joins a transaction that is open at ${isolation}`, async () => {
    const storage = storageOf();
    const written = createLatch();
    const go = createLatch();
    const writing = storage.write(
      async (tx) => {
        await tx.repository('anomaly', { key: 'id' }).update(1, { value: 11 });
        written.resolve();
        await go.promise;
        throw new Error('undone');
      },
      { isolation },
    );
    writing.catch(() => {});
    await written.promise;
    const outside = storage.repository('anomaly', { key: 'id' });
    const reading = outside.get(1);
    const inserting = outside.insert({ id: 9, value: 90 });
    if (storage.capabilities.concurrentReaders) await reading;
    go.resolve();
    await expect(writing).rejects.toThrow('undone');
    expect(await reading).toMatchObject({ value: 10 });
    await inserting;
    expect(await outside.get(9)).toMatchObject({ value: 90 });
  });

  test(`C3 callbacks interleaved by await at ${isolation} never mix: the rollback of one leaves the other`, async () => {
    const storage = storageOf();
    const insertSlowly = (base: number, fails: boolean): Promise<void> =>
      storage.write(
        async (tx) => {
          for (let step = 0; step < 5; step += 1) {
            await tx.repository('anomaly', { key: 'id' }).insert({ id: base + step, value: base });
            await new Promise((resolve) => setImmediate(resolve));
          }
          if (fails) throw new Error('undone');
        },
        { isolation },
      );
    await Promise.allSettled([100, 200, 300, 400].map((base, index) => insertSlowly(base, index % 2 === 1)));
    const rows = await storage
      .repository('anomaly', { key: 'id' })
      .find({ where: { id: { gte: 100 } }, orderBy: { id: 'asc' } });
    expect(rows.map(({ id }) => id)).toStrictEqual([100, 101, 102, 103, 104, 300, 301, 302, 303, 304]);
  });
}
