import { beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import { closeInTime, type Fixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';

/** A stream releases its resources when the caller leaves it in any way. */
export function leavingCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });

  describe('leaving', () => {
    beforeEach(async () => {
      await accounts().insertMany(
        Array.from({ length: 200 }, (_, balance) => ({ name: `n${balance}`, balance })),
      );
    });

    /** More streams than any pool has connections. */
    const MANY = 50;

    test('C9 leaving a stream early frees what it held, many times over', async () => {
      for (let round = 0; round < MANY; round += 1) {
        for await (const row of accounts().stream({}, { batchSize: 5 })) {
          expect(row.balance).toBeGreaterThanOrEqual(0);
          break;
        }
      }
      await accounts().deleteMany({ where: {} });
      expect(await collect(accounts().stream())).toStrictEqual([]);
    });

    test('C9 an error in the loop over a stream is what the caller gets, and frees what it held', async () => {
      const failure = new Error('cannot go on');
      for (let round = 0; round < MANY; round += 1) {
        const reading = async (): Promise<void> => {
          for await (const _ of accounts().stream({}, { batchSize: 5 })) throw failure;
        };
        expect(await rejection(reading())).toBe(failure);
      }
      expect(await collect(accounts().stream())).toHaveLength(200);
    });

    test('C9 leaving a plain stream early frees what it held, many times over', async () => {
      for (let round = 0; round < MANY; round += 1) {
        for await (const _ of fixture.storage.kysely.selectFrom('account').selectAll().stream(5)) break;
      }
      expect(await accounts().count()).toBe(200);
    });

    test('C9 a stream that is never read costs nothing', async () => {
      for (let round = 0; round < MANY * 10; round += 1) accounts().stream();
      expect(await accounts().count()).toBe(200);
    });

    test('C9 a stream that is ended before its first row gives none', async () => {
      const stream = accounts().stream();
      await stream.return?.();
      expect(await stream.next()).toStrictEqual({ done: true, value: undefined });
    });

    test('C9 a stream that was read to its end stays at its end', async () => {
      const stream = accounts().stream({}, { batchSize: 50 });
      await collect(stream);
      expect(await stream.next()).toStrictEqual({ done: true, value: undefined });
    });

    test('C9 a storage with abandoned streams can be closed', async () => {
      const storage = await fixture.migrated();
      const repository = storage.repository('account', { key: 'name' });
      await repository.insertMany(
        Array.from({ length: 200 }, (_, balance) => ({ name: `n${balance}`, balance })),
      );
      const stream = repository.stream({}, { batchSize: 5, timeoutMs: 2_000 });
      await stream.next();
      await closeInTime(storage).finally(() => stream.return?.());
    });
  });
}
