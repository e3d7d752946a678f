import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { createLatch } from '../../fixture/rendezvous.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

/** All uses of a storage that could wait for a transaction of the same storage. */
const USES: readonly [string, (storage: SuiteStorage) => Promise<unknown>][] = [
  ['get', (storage) => accounts(storage).get('a')],
  ['find', (storage) => accounts(storage).find()],
  ['count', (storage) => accounts(storage).count()],
  ['page', (storage) => accounts(storage).page({ size: 1 })],
  ['stream', (storage) => collect(accounts(storage).stream())],
  ['insert', (storage) => accounts(storage).insert({ name: 'x', balance: 1 })],
  ['insertMany', (storage) => accounts(storage).insertMany([{ name: 'x', balance: 1 }])],
  ['upsert', (storage) => accounts(storage).upsert({ name: 'x', balance: 1 })],
  ['update', (storage) => accounts(storage).update('a', { balance: 1 })],
  ['deleteMany', (storage) => accounts(storage).deleteMany({ where: {} })],
  ['load', (storage) => accounts(storage).load([{ name: 'x', balance: 1 }])],
  ['write', (storage) => storage.write(async () => {})],
  ['read', (storage) => storage.read(async () => {})],
  ['a plain select', (storage) => storage.kysely.selectFrom('account').selectAll().execute()],
  [
    'a plain insert',
    (storage) => storage.kysely.insertInto('account').values({ name: 'x', balance: 1 }).execute(),
  ],
  ['a plain stream', (storage) => collect(storage.kysely.selectFrom('account').selectAll().stream())],
  ['kysely.transaction', (storage) => storage.kysely.transaction().execute(async () => {})],
  ['kysely.startTransaction', (storage) => storage.kysely.startTransaction().execute()],
  [
    'kysely.connection',
    (storage) => storage.kysely.connection().execute((db) => db.selectFrom('account').selectAll().execute()),
  ],
  ['migrator.up', (storage) => storage.migrator.up()],
  ['migrator.status', (storage) => storage.migrator.status()],
  ['backup', (storage) => storage.backup('/nowhere/at/all')],
];

function accounts(storage: SuiteStorage) {
  return storage.repository('account', { key: 'name' });
}

/** A storage that is used inside one of its own transactions refuses the call at once and never waits. */
export function outerHandleCases(fixture: Fixture): void {
  describe('the outer handle', () => {
    for (const [what, use] of USES) {
      test(`C3 ${what} on the outer handle is refused inside write, and inside read`, async () => {
        const { storage } = fixture;
        await storage.write(async (tx) => {
          await expectRefusal(use(storage), 'outer_handle');
          await tx.repository('account', { key: 'name' }).insert({ name: 'kept', balance: 1 });
        });
        await storage.read(async () => {
          await expectRefusal(use(storage), 'outer_handle');
        });
        expect((await accounts(storage).find()).map(({ name }) => name)).toStrictEqual(['kept']);
      });
    }

    test('C3 the outer handle is refused three calls deep and after awaits', async () => {
      const { storage } = fixture;
      const first = async (): Promise<unknown> => {
        await null;
        return second();
      };
      const second = async (): Promise<unknown> => {
        await new Promise((resolve) => setImmediate(resolve));
        return third();
      };
      const third = (): Promise<unknown> => accounts(storage).get('a');
      await storage.write(() => expectRefusal(first(), 'outer_handle'));
    });

    test('C3 the outer handle is refused from Promise.all', async () => {
      const { storage } = fixture;
      await storage.write(async (tx) => {
        const outer = Promise.all([
          tx.kysely.selectFrom('account').selectAll().execute(),
          accounts(storage).find(),
        ]);
        await expectRefusal(outer, 'outer_handle');
      });
    });

    test('C3 the outer handle is refused in timers and event handlers set inside', async () => {
      const { storage } = fixture;
      await storage.write(async () => {
        const later = new Promise((resolve, reject) => {
          setTimeout(() => accounts(storage).find().then(resolve, reject), 1);
        });
        await expectRefusal(later, 'outer_handle');
      });
    });

    test('C3 the outer handle is refused inside a savepoint', async () => {
      const { storage } = fixture;
      await storage.write((tx) =>
        tx.savepoint(() => expectRefusal(accounts(storage).find(), 'outer_handle')),
      );
    });

    test('C3 a refusal that is not caught undoes the transaction', async () => {
      const { storage } = fixture;
      const work = storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        await accounts(storage).get('a');
      });
      await expectRefusal(work, 'outer_handle');
      expect(await accounts(storage).count()).toBe(0);
    });

    test('C3 another storage may be used inside a transaction', async () => {
      const { storage } = fixture;
      const other = await fixture.migrated();
      await storage.write(async (tx) => {
        await accounts(other).insert({ name: 'there', balance: 1 });
        await other.write(async (inner) => {
          await inner.repository('account', { key: 'name' }).insert({ name: 'there too', balance: 1 });
          await tx.repository('account', { key: 'name' }).insert({ name: 'here', balance: 1 });
          await expectRefusal(accounts(storage).get('here'), 'outer_handle');
        });
      });
      expect(await accounts(storage).count()).toBe(1);
      expect(await accounts(other).count()).toBe(2);
    });

    test('C3 work begun inside a transaction that outlives it may use the storage', async () => {
      const { storage } = fixture;
      const ended = createLatch();
      let late: Promise<unknown> = Promise.resolve();
      await storage.write(async () => {
        late = ended.promise.then(() => accounts(storage).find());
      });
      ended.resolve();
      expect(await late).toStrictEqual([]);
    });

    test('C3 the storage is usable by the same caller before, between and after its transactions', async () => {
      const { storage } = fixture;
      await accounts(storage).insert({ name: 'a', balance: 1 });
      await storage.write(async () => {});
      await accounts(storage).update('a', { balance: 2 });
      await storage.read(async () => {});
      await storage.kysely.transaction().execute(async () => {});
      expect(await accounts(storage).get('a')).toStrictEqual({ name: 'a', balance: 2 });
    });
  });
}
