import type { TableChange, TableWatch } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, type Fixture, useFixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

const ROWS = 60;

/** C14: `watch` reports commits, if the driver declares it. */
export function watchSuite(target: ConformanceTarget): void {
  describe('C14 watch', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    if (target.capabilities.watchesChanges) watchCases(fixture, target.capabilities.sharedBetweenProcesses);
    else
      test('C14 a watch is refused', async () => {
        await expectRefusal(fixture.storage.watch(['account']), 'unsupported');
      });
  });
}

function watchCases(fixture: Fixture, isShared: boolean): void {
  test('C14 a watch reports a commit of its own storage', async () => {
    const storage = await fixture.migrated();
    await using watch = await storage.watch(['account']);
    await insert(storage, 'a');
    expect(await nextOf(watch)).toStrictEqual({ tables: ['account'] });
  });

  test('C14 a watch reports updates, deletes and transactions', async () => {
    const storage = await fixture.migrated();
    await insert(storage, 'a');
    const accounts = storage.repository('account', { key: 'name' });
    for (const work of [
      () => accounts.update('a', { balance: 2 }),
      () =>
        storage.write((tx) => tx.repository('account', { key: 'name' }).insert({ name: 'b', balance: 1 })),
      () => storage.kysely.deleteFrom('account').execute(),
    ]) {
      await using watch = await storage.watch(['account']);
      await work();
      expect(await nextOf(watch)).toStrictEqual({ tables: ['account'] });
    }
  });

  test('C14 a caller that reads at each event sees every row in the end', async () => {
    const storage = await fixture.migrated();
    const watch = await storage.watch(['account', 'note']);
    const work = Promise.all(Array.from({ length: ROWS }, (_, at) => insert(storage, `account ${at}`)));
    for await (const { tables } of watch) {
      expect(tables).toContain('account');
      if ((await storage.repository('account', { key: 'name' }).count()) === ROWS) break;
    }
    await work;
  });

  test('C14 events that the reader has not taken are merged', async () => {
    const storage = await fixture.migrated();
    await using watch = await storage.watch(['account', 'note']);
    for (let at = 0; at < ROWS; at += 1) await insert(storage, `account ${at}`);
    await storage.repository('note', { key: 'id' }).insert({ id: 1 });
    const told = new Set<string>();
    let events = 0;
    while (!(told.has('account') && told.has('note'))) {
      events += 1;
      for (const table of (await nextOf(watch)).tables) told.add(table);
    }
    expect(events).toBeLessThan(ROWS);
  });

  test('C14 a watch that is closed ends; others go on', async () => {
    const storage = await fixture.migrated();
    const closed = await storage.watch(['account']);
    await using open = await storage.watch(['account']);
    const iterator = closed[Symbol.asyncIterator]();
    const pending = iterator.next();
    await closed.close();
    await closed.close();
    expect([await pending, await iterator.next()]).toStrictEqual([END, END]);
    await insert(storage, 'a');
    expect(await nextOf(open)).toStrictEqual({ tables: ['account'] });
  });

  test('C12 close ends a watch', async () => {
    const storage = await fixture.migrated();
    const watch = await storage.watch(['account']);
    const pending = watch[Symbol.asyncIterator]().next();
    await storage.close();
    expect(await pending).toStrictEqual(END);
    await expectRefusal(storage.watch(['account']), 'closed');
  });

  test('C8 an aborted signal ends a watch, and one that was aborted before begins none', async () => {
    const storage = await fixture.migrated();
    const controller = new AbortController();
    const watch = await storage.watch(['account'], { signal: controller.signal });
    const pending = watch[Symbol.asyncIterator]().next();
    controller.abort();
    await expectRefusal(pending, 'aborted');
    const refused = storage.watch(['account'], { signal: controller.signal });
    expect(await rejection(refused.then((late) => nextOf(late)))).toMatchObject({ code: 'aborted' });
  });

  test('C14 a watch on nothing, on a table that does not exist, or from inside a transaction is refused', async () => {
    const { storage } = fixture;
    await expectRefusal(storage.watch([]), 'invalid_query');
    await expectRefusal(storage.watch(['no_such_table' as 'account']), 'unknown_table');
    await expectRefusal(
      storage.write(() => storage.watch(['account'])),
      'outer_handle',
    );
  });

  if (isShared)
    test('C14 a watch reports commits of another storage', async () => {
      const name = fixture.newName();
      const storage = await fixture.migrated({}, name);
      await using watch = await storage.watch(['account']);
      await insert(await fixture.migrated({}, name), 'a');
      expect(await nextOf(watch)).toStrictEqual({ tables: ['account'] });
      expect(await storage.repository('account', { key: 'name' }).get('a')).toBeDefined();
    });
}

const END = { done: true, value: undefined };

async function insert(storage: SuiteStorage, name: string): Promise<void> {
  await storage.repository('account', { key: 'name' }).insert({ name, balance: 1 });
}

async function nextOf<T extends string>(watch: TableWatch<T>): Promise<TableChange<T>> {
  const { value } = await watch[Symbol.asyncIterator]().next();
  return value;
}
