import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { longQuery, storeHeavyRows } from '../../fixture/heavy-query.js';
import { createLatch } from '../../fixture/rendezvous.js';
import { rowWith } from '../../fixture/schema/specimen-row.js';

/** C7: no operation of the database blocks the caller's event loop. */
export function eventLoopSuite(target: ConformanceTarget): void {
  describe('C7 event loop', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);

    test('C7 the event loop goes on during a long query', async () => {
      await storeHeavyRows(fixture.storage);
      await expectTicks(() => longQuery(fixture.storage.kysely).execute());
    });

    test('C7 the event loop goes on during a long query in a transaction', async () => {
      await storeHeavyRows(fixture.storage);
      await expectTicks(() => fixture.storage.write((tx) => longQuery(tx.kysely).execute()));
    });

    test('C7 the event loop goes on during a long write', async () => {
      const { storage } = fixture;
      await storeHeavyRows(storage);
      await expectTicks(async () => {
        await storage.kysely
          .updateTable('note')
          .set((eb) => ({
            rank: eb
              .selectFrom(['note as a', 'note as b'])
              .select((inner) => inner.fn.max('a.id').as('top'))
              .where((inner) => inner(inner('a.rank', '+', inner.ref('b.rank')), '=', inner.ref('note.id'))),
          }))
          .execute();
      });
    });

    test('C7 the event loop goes on during a load of thousands of rows', async () => {
      const accounts = fixture.storage.repository('account', { key: 'name' });
      const rows = Array.from({ length: 20_000 }, (_, balance) => ({ name: `n${balance}`, balance }));
      await expectTicks(() => accounts.load(rows));
    });

    test('C7 the event loop goes on while megabytes are written and read', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      const bytes = new Uint8Array(8 * 1024 * 1024).fill(7);
      await expectTicks(async () => {
        for (let id = 0; id < 4; id += 1) await specimens.insert(rowWith(id, 'bytes', bytes));
        await specimens.find();
      });
    });

    if (target.capabilities.sharedBetweenProcesses) {
      test('C7 the event loop goes on while a write waits for the lock of another storage', async () => {
        const { storage } = fixture;
        const second = await fixture.another();
        await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        const begun = createLatch();
        const go = createLatch();
        const holding = storage.write(async (tx) => {
          await tx.repository('account', { key: 'name' }).update('a', { balance: 2 });
          begun.resolve();
          await go.promise;
        });
        await begun.promise;
        setTimeout(go.resolve, 300);
        await expectTicks(() => second.repository('account', { key: 'name' }).update('a', { balance: 3 }));
        await holding;
      });
    }

    if (target.capabilities.onlineBackup) {
      test('C7 the event loop goes on during a backup', async () => {
        const { storage } = fixture;
        const bytes = new Uint8Array(16 * 1024 * 1024).fill(7);
        await storage.repository('specimen', { key: 'id' }).insert(rowWith(1, 'bytes', bytes));
        const folder = await mkdtemp(join(tmpdir(), 'sluice-backup-'));
        await expectTicks(() => storage.backup(join(folder, 'copy')));
        expect((await stat(join(folder, 'copy'))).size).toBeGreaterThan(bytes.length);
        await rm(folder, { recursive: true });
      });
    }
  });
}

/** The shortest delay that counts as blocking. Garbage collection and other processes cause shorter ones. */
const TOLERATED_MS = 150;

/** Fails if the event loop was blocked for more than half of the time that `work` took. */
async function expectTicks(work: () => Promise<unknown>): Promise<void> {
  const since = performance.now();
  let last = since;
  let longest = 0;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(tick, 2);
  await work();
  tick();
  clearInterval(timer);
  expect(longest).toBeLessThan(Math.max(TOLERATED_MS, (performance.now() - since) / 2));
}
