import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { SuiteTransaction } from '../../fixture/schema/suite-database.js';

const forever = (): Promise<never> => new Promise(() => {});

/** Callbacks that never end. Whatever they wait for, the transaction ends at its deadline. */
const STUCK: readonly [string, (tx: SuiteTransaction) => Promise<unknown>][] = [
  ['itself', forever],
  ['something inside a savepoint', (tx) => tx.savepoint(forever)],
  ['something inside nested savepoints', (tx) => tx.savepoint((inner) => inner.savepoint(forever))],
  [
    'something inside a loop over a stream',
    async (tx) => {
      for await (const _ of tx.repository('account', { key: 'name' }).stream()) await forever();
    },
  ],
];

export function stuckCallbackCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });

  describe('stuck callbacks', () => {
    for (const [what, wait] of STUCK) {
      test(`C8 a callback that waits for ${what} is undone when its time passes`, async () => {
        const work = fixture.storage.write(
          async (tx) => {
            await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
            await wait(tx);
          },
          { timeoutMs: 200 },
        );
        await expectRefusal(work, 'timeout');
        await accounts().insert({ name: 'b', balance: 1 });
        expect((await accounts().find()).map(({ name }) => name)).toStrictEqual(['b']);
      });

      test(`C8 a callback that waits for ${what} is undone when its signal is aborted`, async () => {
        const controller = new AbortController();
        const work = fixture.storage.write(
          async (tx) => {
            await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
            setTimeout(() => controller.abort(), 50);
            await wait(tx);
          },
          { signal: controller.signal },
        );
        await expectRefusal(work, 'aborted');
        await accounts().insert({ name: 'b', balance: 1 });
        expect((await accounts().find()).map(({ name }) => name)).toStrictEqual(['b']);
      });
    }

    test('C8 a callback that goes on after its time is refused at its next statement', async () => {
      let goOn = (): void => {};
      let late: Promise<unknown> = Promise.resolve();
      const work = fixture.storage.write(
        async (tx) => {
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
          late = tx.repository('account', { key: 'name' }).insert({ name: 'late', balance: 1 });
          await late;
        },
        { timeoutMs: 100 },
      );
      await expectRefusal(work, 'timeout');
      goOn();
      await new Promise((resolve) => setImmediate(resolve));
      await expectRefusal(late, 'transaction_ended');
      expect(await accounts().count()).toBe(0);
    });

    test('C8 a savepoint that ends after its time is refused, and touches nothing', async () => {
      let goOn = (): void => {};
      let late: Promise<unknown> = Promise.resolve();
      const work = fixture.storage.write(
        async (tx) => {
          late = tx.savepoint(
            () =>
              new Promise<void>((resolve) => {
                goOn = resolve;
              }),
          );
          late.catch(() => {});
          await late;
        },
        { timeoutMs: 100 },
      );
      await expectRefusal(work, 'timeout');
      goOn();
      await expectRefusal(late, 'transaction_ended');
      await accounts().insert({ name: 'b', balance: 1 });
      expect(await accounts().count()).toBe(1);
    });
  });
}
