import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { CANCELLABLE_CALLS } from './cancellable-calls.js';

/** Calls whose signal is aborted or whose time is over before they begin, and calls that are never cancelled. */
export function beforeCases(fixture: Fixture): void {
  const names = async (): Promise<string[]> =>
    (await fixture.storage.repository('account', { key: 'name' }).find()).map(({ name }) => name);

  describe('before', () => {
    beforeEach(async () => {
      await fixture.storage.repository('account', { key: 'name' }).insert({ name: 'old', balance: 1 });
    });

    for (const [name, call] of CANCELLABLE_CALLS) {
      test(`C8 ${name} with a signal that is aborted already does not happen`, async () => {
        const reason = new Error('changed my mind');
        const error = await expectRefusal(
          call(fixture.storage, { signal: AbortSignal.abort(reason) }),
          'aborted',
        );
        expect(error.cause).toBe(reason);
        expect(await names()).toStrictEqual(['old']);
      });

      test(`C8 ${name} whose time is over already does not happen`, async () => {
        await expectRefusal(call(fixture.storage, { timeoutMs: 0 }), 'timeout');
        expect(await names()).toStrictEqual(['old']);
      });

      test(`C8 ${name} leaves no listener at a signal that is not aborted`, async () => {
        const { signal } = new AbortController();
        await call(fixture.storage, { signal }).catch(() => {});
        expect(getEventListeners(signal, 'abort')).toStrictEqual([]);
      });

      test(`C8 ${name} may take as long as it likes: a timeout of a year, or none, does not fire at once`, async () => {
        const { storage } = fixture;
        await call(storage, { timeoutMs: 365 * 24 * 3_600_000 });
        await storage.repository('account', { key: 'name' }).deleteMany({ where: {} });
        await storage.repository('account', { key: 'name' }).insert({ name: 'old', balance: 1 });
        await call(storage, { timeoutMs: Number.POSITIVE_INFINITY });
      });
    }

    test('C8 a signal aborted after the call has ended changes nothing', async () => {
      const controller = new AbortController();
      const { storage } = fixture;
      await storage.repository('account', { key: 'name' }).insert({ name: 'new', balance: 1 }, controller);
      controller.abort();
      expect((await names()).toSorted()).toStrictEqual(['new', 'old']);
    });

    test('C8 a signal aborted with no reason of its own has one all the same', async () => {
      const work = fixture.storage
        .repository('account', { key: 'name' })
        .find({}, { signal: AbortSignal.abort() });
      const error = await expectRefusal(work, 'aborted');
      expect(error.cause).toMatchObject({ name: 'AbortError' });
    });

    test('C8 a plain query with a signal that is aborted already does not happen', async () => {
      const query = fixture.storage.kysely.insertInto('account').values({ name: 'new', balance: 1 });
      await expect(query.execute({ signal: AbortSignal.abort() })).rejects.toThrow();
      expect(await names()).toStrictEqual(['old']);
    });
  });
}
