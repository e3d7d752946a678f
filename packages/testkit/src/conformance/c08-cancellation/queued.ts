import { beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { holdWriters } from '../../fixture/hold-writers.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { passTurns } from '../../fixture/rendezvous.js';
import { WRITING_CALLS } from './cancellable-calls.js';

/** Calls that wait in a queue: cancelling them releases the caller at once, and they never run. */
export function queuedCases(fixture: Fixture): void {
  const names = async (): Promise<string[]> =>
    (await fixture.storage.repository('account', { key: 'name' }).find()).map(({ name }) => name);

  describe('queued', () => {
    beforeEach(async () => {
      await fixture.storage.repository('account', { key: 'name' }).insert({ name: 'old', balance: 1 });
    });

    for (const [name, call] of WRITING_CALLS) {
      test(`C8 ${name} aborted while it waits is dropped at once and never runs`, async () => {
        const held = await holdWriters(fixture.storage);
        const controller = new AbortController();
        const waiting = call(fixture.storage, { signal: controller.signal });
        waiting.catch(() => {});
        await passTurns();
        controller.abort(new Error('enough'));
        const error = await expectRefusal(waiting, 'aborted');
        expect(error.cause).toMatchObject({ message: 'enough' });
        await held.release();
        expect(await names()).toStrictEqual(['old']);
      });

      test(`C8 ${name} whose time passes while it waits is dropped and never runs`, async () => {
        const held = await holdWriters(fixture.storage);
        await expectRefusal(call(fixture.storage, { timeoutMs: 50 }), 'timeout');
        await held.release();
        expect(await names()).toStrictEqual(['old']);
      });
    }

    test('C8 one of many waiting calls is dropped and the others run', async () => {
      const accounts = fixture.storage.repository('account', { key: 'name' });
      const held = await holdWriters(fixture.storage);
      const controller = new AbortController();
      const work = Array.from({ length: 20 }, (_, balance) => {
        const options = balance === 10 ? { signal: controller.signal } : {};
        return accounts.insert({ name: `n${balance}`, balance }, options);
      });
      const settled = Promise.allSettled(work);
      await passTurns();
      controller.abort();
      await held.release();
      const outcomes = await settled;
      const dropped = outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
      expect(dropped).toStrictEqual([10]);
      expect(await accounts.count()).toBe(20);
    });

    test('C8 health reports a database that does not answer in time, and does not reject', async () => {
      const health = await fixture.storage.health({ timeoutMs: 0 });
      expect(health).toMatchObject({ isHealthy: false, error: expect.stringContaining('timeout') });
    });
  });
}
