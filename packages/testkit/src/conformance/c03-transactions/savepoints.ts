import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import type { SuiteTransaction } from '../../fixture/schema/suite-database.js';

/** Savepoints: each can be rolled back alone, and all that remain are committed together. */
export function savepointCases(fixture: Fixture): void {
  const insert = (tx: SuiteTransaction, name: string): Promise<unknown> =>
    tx.repository('account', { key: 'name' }).insert({ name, balance: 1 });
  const names = async (): Promise<string[]> => {
    const rows = await fixture.storage
      .repository('account', { key: 'name' })
      .find({ orderBy: { name: 'asc' } });
    return rows.map(({ name }) => name);
  };
  const undone = new Error('undone');

  describe('savepoints', () => {
    test('C3 a savepoint that ends well is kept with its transaction, and gives its result', async () => {
      const result = await fixture.storage.write(async (tx) => {
        await insert(tx, 'a');
        return tx.savepoint(async (inner) => {
          await insert(inner, 'b');
          return 'done';
        });
      });
      expect(result).toBe('done');
      expect(await names()).toStrictEqual(['a', 'b']);
    });

    test('C3 a savepoint that throws is undone, and the transaction goes on', async () => {
      await fixture.storage.write(async (tx) => {
        await insert(tx, 'a');
        const error = await rejection(
          tx.savepoint(async (inner) => {
            await insert(inner, 'b');
            throw undone;
          }),
        );
        expect(error).toBe(undone);
        await insert(tx, 'c');
      });
      expect(await names()).toStrictEqual(['a', 'c']);
    });

    test('C3 a statement that fails in a savepoint is undone with it, and the transaction goes on', async () => {
      await fixture.storage.write(async (tx) => {
        await insert(tx, 'a');
        const inner = tx.savepoint(async (level) => {
          await insert(level, 'b');
          await insert(level, 'a');
        });
        await expectRefusal(inner, 'unique_violation');
        await insert(tx, 'c');
      });
      expect(await names()).toStrictEqual(['a', 'c']);
    });

    test('C3 a savepoint that swallows the error of a statement is undone', async () => {
      await fixture.storage.write(async (tx) => {
        await insert(tx, 'a');
        const inner = tx.savepoint(async (level) => {
          await insert(level, 'b');
          await insert(level, 'a').catch(() => {});
        });
        await expectRefusal(inner, 'transaction_broken');
      });
      expect(await names()).toStrictEqual(['a']);
    });

    test('C3 savepoints nest, each undone alone', async () => {
      await fixture.storage.write(async (tx) => {
        await tx.savepoint(async (one) => {
          await insert(one, '1');
          await one
            .savepoint(async (two) => {
              await insert(two, '2');
              await two.savepoint((three) => insert(three, '3'));
              throw undone;
            })
            .catch(() => {});
          await one.savepoint((four) => insert(four, '4'));
        });
      });
      expect(await names()).toStrictEqual(['1', '4']);
    });

    test('C3 savepoints nest thirty deep', async () => {
      const descend = async (tx: SuiteTransaction, depth: number): Promise<void> => {
        await insert(tx, String(depth).padStart(2, '0'));
        if (depth < 30) await tx.savepoint((inner) => descend(inner, depth + 1));
      };
      await fixture.storage.write((tx) => descend(tx, 0));
      expect(await names()).toHaveLength(31);
    });

    test('C3 a transaction that is rolled back rolls back its finished savepoints too', async () => {
      const work = fixture.storage.write(async (tx) => {
        await tx.savepoint((inner) => insert(inner, 'a'));
        throw undone;
      });
      expect(await rejection(work)).toBe(undone);
      expect(await names()).toStrictEqual([]);
    });

    test('C3 afterCommit of an undone savepoint does not run, of a kept one it does', async () => {
      const told: string[] = [];
      await fixture.storage.write(async (tx) => {
        tx.afterCommit(() => told.push('outer'));
        await tx.savepoint(async (inner) => inner.afterCommit(() => told.push('kept')));
        await tx
          .savepoint(async (inner) => {
            inner.afterCommit(() => told.push('undone'));
            throw undone;
          })
          .catch(() => {});
        expect(told).toStrictEqual([]);
      });
      expect(told).toStrictEqual(['outer', 'kept']);
    });

    test('C3 savepoints begun at once run one after the other, each undone alone', async () => {
      await fixture.storage.write(async (tx) => {
        let running = 0;
        const level = (name: string): Promise<unknown> =>
          tx.savepoint(async (inner) => {
            running += 1;
            expect(running).toBe(1);
            await insert(inner, name);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            if (name === 'b') throw undone;
          });
        await Promise.allSettled(['a', 'b', 'c'].map(level));
      });
      expect(await names()).toStrictEqual(['a', 'c']);
    });

    test('C3 statements of the transaction given beside a savepoint are not undone with it', async () => {
      await fixture.storage.write(async (tx) => {
        await Promise.allSettled([
          insert(tx, 'before'),
          tx.savepoint(async (inner) => {
            await insert(inner, 'inside');
            throw undone;
          }),
          insert(tx, 'beside'),
        ]);
      });
      expect(await names()).toStrictEqual(['before', 'beside']);
    });

    test('C3 the outer level used inside a savepoint is refused at once', async () => {
      await fixture.storage.write(async (tx) => {
        await tx.savepoint(async (inner) => {
          await expectRefusal(insert(tx, 'a'), 'outer_handle');
          await expectRefusal(tx.kysely.selectFrom('account').selectAll().execute(), 'outer_handle');
          await expectRefusal(
            tx.savepoint(async () => {}),
            'outer_handle',
          );
          await insert(inner, 'b');
        });
      });
      expect(await names()).toStrictEqual(['b']);
    });

    test('C3 the handle of a savepoint that has ended is refused', async () => {
      await fixture.storage.write(async (tx) => {
        const kept = await tx.savepoint(async (inner) => inner);
        await expectRefusal(insert(kept, 'a'), 'transaction_ended');
        await insert(tx, 'b');
      });
      expect(await names()).toStrictEqual(['b']);
    });

    test('C3 savepoints work in read', async () => {
      const count = await fixture.storage.read((tx) =>
        tx.savepoint((inner) => inner.repository('account', { key: 'name' }).count()),
      );
      expect(count).toBe(0);
    });
  });
}
