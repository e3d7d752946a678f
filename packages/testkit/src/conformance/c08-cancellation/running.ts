import { getEventListeners } from 'node:events';
import type { CallOptions, Capabilities } from '@sluice/core';
import type { Kysely } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { heavyQuery, longQuery, type SlowQuery, storeHeavyRows } from '../../fixture/heavy-query.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import { waitUntil } from '../../fixture/rendezvous.js';
import type { SuiteDatabase, SuiteStorage } from '../../fixture/schema/suite-database.js';

/** Calls that are cancelled while they run. */
export function runningCases(fixture: Fixture, capabilities: Capabilities): void {
  describe('running', () => {
    beforeEach(() => storeHeavyRows(fixture.storage));

    // A statement that cannot be interrupted continues after its caller is released, so it must end by itself.
    slowCases(fixture, capabilities.interruptsRunning ? heavyQuery : longQuery);

    test('C8 a load aborted between batches keeps those committed, and says how many', async () => {
      const accounts = fixture.storage.repository('account', { key: 'name' });
      const controller = new AbortController();
      const rows = Array.from({ length: 100 }, (_, balance) => ({ name: `n${balance}`, balance }));
      const work = accounts.load(rows, {
        batchSize: 10,
        signal: controller.signal,
        onProgress: ({ batches }) => {
          if (batches === 3) controller.abort();
        },
      });
      const error = await expectRefusal(work, 'aborted');
      expect(error.message).toContain('30 rows');
      expect(await accounts.count()).toBe(30);
    });

    test('C8 a load aborted while it waits for the next row ends at once, and says how many are committed', async () => {
      const accounts = fixture.storage.repository('account', { key: 'name' });
      const controller = new AbortController();
      const reason = new Error('enough');
      async function* rows() {
        for (let balance = 0; balance < 15; balance += 1) yield { name: `n${balance}`, balance };
        controller.abort(reason);
        await new Promise(() => {});
      }
      const { signal } = controller;
      const error = await expectRefusal(accounts.load(rows(), { batchSize: 10, signal }), 'aborted');
      expect(error.message).toContain('10 rows');
      expect(error.cause).toBe(reason);
      expect(getEventListeners(signal, 'abort')).toStrictEqual([]);
      expect(await accounts.count()).toBe(10);
    });

    test('C8 a load that fails ends its source', async () => {
      const accounts = fixture.storage.repository('account', { key: 'name' });
      let hasEnded = false;
      async function* rows() {
        try {
          for (;;) yield { name: 'same', balance: 1 };
        } finally {
          hasEnded = true;
        }
      }
      const { signal } = new AbortController();
      await expectRefusal(accounts.load(rows(), { batchSize: 1, signal }), 'unique_violation');
      expect(hasEnded).toBe(true);
    });

    test('C8 a stream aborted between rows ends in an error and frees what it held', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      const controller = new AbortController();
      let rows = 0;
      const reading = async (): Promise<void> => {
        for await (const _ of notes.stream({}, { signal: controller.signal, batchSize: 10 })) {
          rows += 1;
          if (rows === 20) controller.abort();
        }
      };
      await expectRefusal(reading(), 'aborted');
      expect(rows).toBeLessThan(100);
      expect(await collect(notes.stream())).toHaveLength(300);
    });
  });
}

/** A storage whose own limit is longer than a case may take. */
async function patient(fixture: Fixture): Promise<SuiteStorage> {
  const storage = await fixture.migrated({ timeoutMs: 600_000 });
  await storeHeavyRows(storage);
  return storage;
}

/** What a call in a transaction may set itself; none of it ends the call in these cases. */
const INNER: readonly [string, () => CallOptions][] = [
  ['it sets nothing', () => ({})],
  ['it has more time of its own', () => ({ timeoutMs: 600_000 })],
  ['it has a signal of its own', () => ({ signal: new AbortController().signal })],
];

function slowCases(fixture: Fixture, slowQuery: (kysely: Kysely<SuiteDatabase>) => SlowQuery): void {
  test('C8 a plain query aborted while it runs ends at once', async () => {
    const { storage } = fixture;
    const controller = new AbortController();
    const work = slowQuery(storage.kysely).execute({ signal: controller.signal });
    work.catch(() => {});
    await untilRunning(storage);
    controller.abort();
    await rejection(work);
    expect(await storage.repository('note', { key: 'id' }).count()).toBe(300);
  });

  test('C8 find aborted while it runs ends at once', async () => {
    const { storage } = fixture;
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = storage
      .repository('note', { key: 'id' })
      .find({ where: (eb) => eb.exists(slowQuery(storage.kysely)) }, { signal: controller.signal });
    work.catch(() => {});
    await untilRunning(storage);
    controller.abort(reason);
    const error = await expectRefusal(work, 'aborted');
    expect(error.cause).toBe(reason);
  });

  test('C8 find whose time passes while it runs ends then', async () => {
    const { storage } = fixture;
    const work = storage
      .repository('note', { key: 'id' })
      .find({ where: (eb) => eb.exists(slowQuery(storage.kysely)) }, { timeoutMs: 200 });
    await expectRefusal(work, 'timeout');
    expect(await storage.repository('note', { key: 'id' }).count()).toBe(300);
  });

  test('C8 a write aborted while it runs did not happen', async () => {
    const { storage } = fixture;
    const controller = new AbortController();
    const work = storage
      .repository('note', { key: 'id' })
      .updateMany(
        { where: (eb) => eb.or([eb('id', '<', 5), eb.exists(slowQuery(storage.kysely))]) },
        { body: 'changed' },
        { signal: controller.signal },
      );
    work.catch(() => {});
    await untilRunning(storage);
    controller.abort();
    await expectRefusal(work, 'aborted');
    expect(await storage.repository('note', { key: 'id' }).count({ where: { body: 'changed' } })).toBe(0);
    await storage.repository('note', { key: 'id' }).update(1, { body: 'later' });
  });

  test('C8 a transaction aborted while a statement runs is undone whole', async () => {
    const { storage } = fixture;
    const controller = new AbortController();
    const work = storage.write(
      async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        setTimeout(() => controller.abort(), 50);
        await slowQuery(tx.kysely).execute();
      },
      { signal: controller.signal },
    );
    await expectRefusal(work, 'aborted');
    expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
  });

  test('C8 a transaction whose time passes while a statement runs is undone whole', async () => {
    const { storage } = fixture;
    const work = storage.write(
      async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        await slowQuery(tx.kysely).execute();
      },
      { timeoutMs: 300 },
    );
    await expectRefusal(work, 'timeout');
    expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
  });

  for (const [what, options] of INNER) {
    test(`C8 a repository's call in a transaction ends with the time of the transaction: ${what}`, async () => {
      const storage = await patient(fixture);
      const work = storage.write(
        async (tx) => {
          await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
          await tx
            .repository('note', { key: 'id' })
            .count({ where: (eb) => eb.exists(slowQuery(tx.kysely)) }, options());
        },
        { timeoutMs: 300 },
      );
      await expectRefusal(work, 'timeout');
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    });

    test(`C8 a repository's call in a transaction ends with the signal of the transaction: ${what}`, async () => {
      const storage = await patient(fixture);
      const controller = new AbortController();
      const work = storage.read(
        async (tx) => {
          setTimeout(() => controller.abort(), 50);
          const slow = slowQuery(tx.kysely);
          await tx.savepoint((inner) =>
            inner.repository('note', { key: 'id' }).count({ where: (eb) => eb.exists(slow) }, options()),
          );
        },
        { signal: controller.signal },
      );
      await expectRefusal(work, 'aborted');
      await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
    });
  }

  test('C8 a statement of a transaction that is aborted alone breaks the transaction', async () => {
    const { storage } = fixture;
    const work = storage.write(async (tx) => {
      await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
      const where = tx.repository('note', { key: 'id' });
      await where
        .count({ where: (eb) => eb.exists(slowQuery(tx.kysely)) }, { timeoutMs: 100 })
        .catch(() => {});
    });
    await rejection(work);
    expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
  });

  test('C8 the deadline of the storage holds for calls that state none', async () => {
    const storage = await fixture.migrated({ timeoutMs: 300 });
    await storeHeavyRows(storage);
    await expectRefusal(slowQuery(storage.kysely).execute(), 'timeout');
    await expectRefusal(
      storage.write((tx) => slowQuery(tx.kysely).execute()),
      'timeout',
    );
    expect(await storage.repository('note', { key: 'id' }).count({}, { timeoutMs: 30_000 })).toBe(300);
  });

  test('C8 a storage works as before after forty calls were ended while they ran', async () => {
    const { storage } = fixture;
    const work = Array.from({ length: 40 }, () =>
      storage
        .repository('note', { key: 'id' })
        .count({ where: (eb) => eb.exists(slowQuery(storage.kysely)) }, { timeoutMs: 100 }),
    );
    await Promise.all(work.map((call) => expectRefusal(call, 'timeout')));
    const counts = await Promise.all(
      Array.from({ length: 40 }, () => storage.repository('note', { key: 'id' }).count()),
    );
    expect(counts).toStrictEqual(Array(40).fill(300));
  });
}

/** Waits until a statement holds a connection, and then a moment until it runs in the engine. */
async function untilRunning(storage: SuiteStorage): Promise<void> {
  await waitUntil('a statement runs', () => {
    const { readers, writer } = storage.metrics().database;
    return readers.held + writer.held > 0;
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
}
