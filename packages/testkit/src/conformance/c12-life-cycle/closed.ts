import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import { closeInTime, type Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';
import { CANCELLABLE_CALLS } from '../c08-cancellation/cancellable-calls.js';

const OTHER_CALLS: readonly [string, (storage: SuiteStorage) => Promise<unknown>][] = [
  ['a plain select', (storage) => storage.kysely.selectFrom('account').selectAll().execute()],
  [
    'a plain insert',
    (storage) => storage.kysely.insertInto('account').values({ name: 'a', balance: 1 }).execute(),
  ],
  ['a plain stream', (storage) => collect(storage.kysely.selectFrom('account').selectAll().stream())],
  ['kysely.transaction', (storage) => storage.kysely.transaction().execute(async () => {})],
  ['kysely.startTransaction', (storage) => storage.kysely.startTransaction().execute()],
  ['migrator.up', (storage) => storage.migrator.up()],
  ['migrator.down', (storage) => storage.migrator.down()],
  ['migrator.to', (storage) => storage.migrator.to(null)],
  ['migrator.status', (storage) => storage.migrator.status()],
  ['backup', (storage) => storage.backup('/nowhere/at/all')],
  [
    'a repository of an unknown table',
    (storage) => storage.repository('nobody' as 'author', { key: 'id' }).find(),
  ],
  [
    'a repository not used before',
    (storage) => storage.repository('placement', { key: ['shelf', 'slot'] }).find(),
  ],
];

/** A closed storage refuses every call by a ClosedError. */
export function closedCases(fixture: Fixture): void {
  describe('closed', () => {
    const calls = [
      ...CANCELLABLE_CALLS.map(
        ([name, call]) => [name, (storage: SuiteStorage) => call(storage, {})] as const,
      ),
      ...OTHER_CALLS,
    ];
    for (const [name, call] of calls) {
      test(`C12 ${name} on a closed storage is refused`, async () => {
        const storage = await closedStorage(fixture);
        await expectRefusal(call(storage), 'closed');
        await expectRefusal(call(storage), 'closed');
      });
    }

    test('C12 health of a closed storage says so, and metrics can still be read', async () => {
      const storage = await closedStorage(fixture);
      expect(await storage.health()).toMatchObject({
        isHealthy: false,
        error: expect.stringContaining('closed'),
      });
      expect(storage.metrics().driver).toBe((await storage.health()).driver);
      storage.on('replay', () => {})();
    });

    test('C12 a handle of a transaction that ended before the storage closed is refused', async () => {
      const storage = await fixture.apart();
      const tx = await storage.write(async (handle) => handle);
      await closeInTime(storage);
      await expectRefusal(tx.kysely.introspection.getTables(), 'transaction_ended');
    });
  });
}

let shared: { readonly fixture: Fixture; readonly storage: SuiteStorage } | undefined;

/** Opens and closes one storage that all cases share. */
async function closedStorage(fixture: Fixture): Promise<SuiteStorage> {
  if (shared?.fixture !== fixture) {
    const storage = await fixture.migrated();
    await storage.repository('account', { key: 'name' }).insert({ name: 'old', balance: 1 });
    await closeInTime(storage);
    shared = { fixture, storage };
  }
  return shared.storage;
}
