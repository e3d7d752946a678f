import { beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** Streams inside a transaction, which has only one connection. */
export function transactionStreamCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });

  describe('in transactions', () => {
    beforeEach(async () => {
      await accounts().insertMany(
        Array.from({ length: 30 }, (_, balance) => ({ name: `n${balance}`, balance })),
      );
    });

    test('C9 a stream in a transaction sees what the transaction did', async () => {
      const rows = await fixture.storage.write(async (tx) => {
        const repository = tx.repository('account', { key: 'name' });
        await repository.insert({ name: 'own', balance: -1 });
        await repository.deleteMany({ where: { balance: { gte: 10 } } });
        return collect(repository.stream({ orderBy: { balance: 'asc' } }, { batchSize: 3 }));
      });
      expect(rows.map(({ balance }) => balance)).toStrictEqual([-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test('C9 a transaction goes on after a stream that was left early, or that its loop threw out of', async () => {
      await fixture.storage.write(async (tx) => {
        const repository = tx.repository('account', { key: 'name' });
        for await (const _ of repository.stream({}, { batchSize: 2 })) break;
        const reading = async (): Promise<void> => {
          for await (const _ of repository.stream({}, { batchSize: 2 })) throw new Error('out');
        };
        await expect(reading()).rejects.toThrow('out');
        await repository.insert({ name: 'later', balance: 1 });
      });
      expect(await accounts().has('later')).toBe(true);
    });

    test('C9 several streams of one transaction read at once come one after the other', async () => {
      const counts = await fixture.storage.read(async (tx) => {
        const streams = Array.from({ length: 3 }, () =>
          collect(tx.repository('account', { key: 'name' }).stream()),
        );
        return (await Promise.all(streams)).map((rows) => rows.length);
      });
      expect(counts).toStrictEqual([30, 30, 30]);
    });

    test('C9 a statement given beside a stream, not inside its loop, follows it', async () => {
      await fixture.storage.write(async (tx) => {
        const repository = tx.repository('account', { key: 'name' });
        const [rows] = await Promise.all([
          collect(repository.stream({}, { batchSize: 5 })),
          repository.deleteMany({ where: {} }),
        ]);
        expect(rows).toHaveLength(30);
      });
      expect(await accounts().count()).toBe(0);
    });

    test('C9 a statement inside the loop over a stream of its transaction is refused at once, and never waits for ever', async () => {
      await fixture.storage.write(async (tx) => {
        const repository = tx.repository('account', { key: 'name' });
        let rows = 0;
        for await (const { name } of repository.stream({}, { batchSize: 5 })) {
          rows += 1;
          await expectRefusal(repository.update(name, { balance: 0 }), 'invalid_query');
          await expectRefusal(
            tx.savepoint(async () => {}),
            'invalid_query',
          );
          await expectRefusal(collect(repository.stream()), 'invalid_query');
        }
        expect(rows).toBe(30);
        await repository.deleteMany({ where: {} });
      });
      expect(await accounts().count()).toBe(0);
    });

    test('C9 an abandoned stream in a transaction does not keep it open', async () => {
      await fixture.storage.write(async (tx) => {
        const stream = tx.repository('account', { key: 'name' }).stream({}, { batchSize: 5 });
        await stream.next();
      });
      await accounts().deleteMany({ where: {} });
      expect(await accounts().count()).toBe(0);
    });

    test('C9 a stream read on after its transaction is refused, not cut short', async () => {
      let stream: AsyncIterator<unknown> | undefined;
      await fixture.storage.write(async (tx) => {
        stream = tx.repository('account', { key: 'name' }).stream({}, { batchSize: 1 });
        await stream.next();
      });
      await expectRefusal(stream?.next() ?? Promise.resolve(), 'transaction_ended');
    });

    test('C9 a stream in read sees its snapshot while others write', async () => {
      const { storage } = fixture;
      const outside = accounts();
      const rows = await storage.read(async (tx) => {
        const stream = tx.repository('account', { key: 'name' }).stream({}, { batchSize: 5 });
        return collect(stream);
      });
      await outside.deleteMany({ where: {} });
      expect(rows).toHaveLength(30);
    });
  });
}
