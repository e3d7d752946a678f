import type { Capabilities, DatabaseWarning } from '@sluice/core';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import { suiteMigrations } from '../../fixture/schema/suite-migrations.js';

/** `storage.snapshot()`: one state of the database, for as long as it is held. */
export function heldSnapshotCases(fixture: Fixture, { concurrentReaders }: Capabilities): void {
  const store = async () => {
    const accounts = fixture.storage.repository('account', { key: 'name' });
    await accounts.insertMany(['a', 'b', 'c', 'd'].map((name, balance) => ({ name, balance })));
    return accounts;
  };

  describe('held snapshots', () => {
    if (!concurrentReaders) {
      test('C3 a snapshot to hold is refused, as declared', async () => {
        await expectRefusal(fixture.storage.snapshot(), 'unsupported');
      });
      return;
    }

    test('C3 a held snapshot is taken when the promise resolves, and does not change', async () => {
      const accounts = await store();
      await using snapshot = await fixture.storage.snapshot();
      await accounts.update('a', { balance: 10 });
      await accounts.deleteMany({ where: { name: 'b' } });
      const held = accounts.in(snapshot);
      expect(await held.getOrThrow('a')).toStrictEqual({ name: 'a', balance: 0 });
      expect(await held.count()).toBe(4);
      expect(await snapshot.repository('account', { key: 'name' }).has('b')).toBe(true);
      expect(await collect(held.stream({ orderBy: { name: 'asc' } }, { batchSize: 2 }))).toHaveLength(4);
      const plain = snapshot.kysely.selectFrom('account').select((eb) => eb.fn.sum('balance').as('sum'));
      expect(await plain.execute()).toStrictEqual([{ sum: '6' }]);
      expect(await collect(snapshot.kysely.selectFrom('account').selectAll().stream())).toHaveLength(4);
      expect(await accounts.count()).toBe(3);
    });

    test('C3 calls of a held snapshot at once run one after the other', async () => {
      const accounts = await store();
      await using snapshot = await fixture.storage.snapshot();
      const held = accounts.in(snapshot);
      const names = ['a', 'b', 'c', 'd', 'e'];
      const found = await Promise.all(names.map((name) => held.get(name)));
      expect(found.map((row) => row?.name)).toStrictEqual(['a', 'b', 'c', 'd', undefined]);
    });

    test('C3 writers do not wait for a held snapshot, nor it for them', async () => {
      const accounts = await store();
      await using snapshot = await fixture.storage.snapshot();
      await fixture.storage.write(async (tx) => {
        await accounts.in(tx).update('a', { balance: 7 });
        expect(await accounts.in(snapshot).get('a')).toMatchObject({ balance: 0 });
      });
      await using later = await fixture.storage.snapshot();
      expect(await accounts.in(later).get('a')).toMatchObject({ balance: 7 });
      expect(await accounts.in(snapshot).get('a')).toMatchObject({ balance: 0 });
    });

    test('C3 a held snapshot refuses to write, and goes on', async () => {
      const accounts = await store();
      await using snapshot = await fixture.storage.snapshot();
      const held = accounts.in(snapshot);
      await expectRefusal(held.insert({ name: 'x', balance: 1 }), 'invalid_query');
      await expectRefusal(held.deleteMany({ where: {} }), 'invalid_query');
      await expectRefusal(held.load([{ name: 'x', balance: 1 }]), 'invalid_query');
      await expectRefusal(snapshot.kysely.deleteFrom('account').execute(), 'invalid_query');
      expect(await held.count()).toBe(4);
      await expectRefusal(sql`delete from account`.execute(snapshot.kysely), 'invalid_query');
      await expectRefusal(held.count(), 'transaction_broken');
      expect(await accounts.count()).toBe(4);
    });

    test('C3 a closed snapshot refuses its calls and ends its streams; closing twice is once', async () => {
      const accounts = await store();
      const snapshot = await fixture.storage.snapshot();
      const held = accounts.in(snapshot);
      const stream = held.stream({ orderBy: { name: 'asc' } }, { batchSize: 1 });
      expect(await stream.next()).toMatchObject({ value: { name: 'a' } });
      await Promise.all([snapshot.close(), snapshot.close()]);
      await snapshot.close();
      await expectRefusal(held.get('a'), 'transaction_ended');
      await expectRefusal(snapshot.kysely.selectFrom('account').selectAll().execute(), 'transaction_ended');
      await expectRefusal(stream.next(), 'transaction_ended');
    });

    test('C3 a snapshot that is not closed ends after maxMs, with a warning', async () => {
      const accounts = await store();
      const warned = new Promise<DatabaseWarning>((resolve) => {
        fixture.storage.on('warning', resolve);
      });
      const snapshot = await fixture.storage.snapshot({ maxMs: 50, label: 'forgotten' });
      const { code, details } = await warned;
      expect(code).toBe('snapshot_expired');
      expect(details).toMatchObject({ label: 'forgotten', maxMs: 50 });
      expect(details.stack).toContain('held-snapshots');
      const error = await rejection(accounts.in(snapshot).get('a'));
      expect(error).toMatchObject({ code: 'snapshot_too_old', retryable: true });
      await snapshot.close();
      expect(await accounts.count()).toBe(4);
    });

    test('C8 the wait for a snapshot has the options of the call, its life has not', async () => {
      const accounts = await store();
      const controller = new AbortController();
      const options = { timeoutMs: 2_000, signal: controller.signal };
      await using snapshot = await fixture.storage.snapshot(options);
      controller.abort();
      expect(await accounts.in(snapshot).count()).toBe(4);
      await expectRefusal(fixture.storage.snapshot(options), 'aborted');
      await expectRefusal(fixture.storage.snapshot({ timeoutMs: 0 }), 'timeout');
      for (const maxMs of [0, -1, Number.NaN, 'long' as unknown as number])
        await expectRefusal(fixture.storage.snapshot({ maxMs }), 'invalid_query');
    });

    test('C12 close of the storage ends held snapshots after their calls', async () => {
      const storage = await fixture.another();
      const accounts = storage.repository('account', { key: 'name' });
      await store();
      const abandoned = await storage.snapshot();
      const used = await storage.snapshot();
      const rows: string[] = [];
      let closing: Promise<void> | undefined;
      for await (const { name } of accounts.in(used).stream({ orderBy: { name: 'asc' } }, { batchSize: 1 })) {
        closing ??= storage.close();
        rows.push(name);
      }
      await closing;
      expect(rows).toStrictEqual(['a', 'b', 'c', 'd']);
      await expectRefusal(accounts.in(abandoned).get('a'), 'closed');
      await expectRefusal(used.kysely.selectFrom('account').selectAll().execute(), 'closed');
      await expectRefusal(storage.snapshot(), 'closed');
      await abandoned.close();
    });

    test('C12 a snapshot that is asked for while the storage closes is had or refused, and close ends', async () => {
      const storage = await fixture.another();
      const asked = storage.snapshot().then(
        () => undefined,
        (error: unknown) => error,
      );
      await storage.close();
      const refusal = await asked;
      if (refusal !== undefined) expect(refusal).toMatchObject({ code: 'closed' });
    });

    test('C3 inside a transaction of the storage no snapshot is taken', async () => {
      await fixture.storage.write(async () => {
        await expectRefusal(fixture.storage.snapshot(), 'outer_handle');
      });
    });

    test('C13 a held snapshot reads its own rows after a change of the schema', async () => {
      const storage = await fixture.migrated();
      const accounts = storage.repository('account', { key: 'name' });
      await accounts.insert({ name: 'a', balance: 1 });
      await using snapshot = await storage.snapshot();
      await storage.kysely.schema.alterTable('account').addColumn('colour', 'text').execute();
      await accounts.insert({ name: 'b', balance: 2, colour: 'red' } as { name: string; balance: number });
      for (let round = 0; round < 3; round += 1) {
        expect(await accounts.in(snapshot).find()).toMatchObject([{ name: 'a', balance: 1 }]);
        expect(await accounts.getOrThrow('b')).toStrictEqual({ name: 'b', balance: 2, colour: 'red' });
      }
    });

    test('C3 a held snapshot has the names of camelCase, and values as text', async () => {
      const storage = await fixture.apart<{
        stay: { id: number; guestName: string; checkedInAt: Date | null };
      }>({ migrations: suiteMigrations, camelCase: true });
      await storage.migrator.up();
      const stays = storage.repository('stay', { key: 'id' });
      await stays.insert({ id: 1, guestName: 'Ada', checkedInAt: new Date(5) });
      await using snapshot = await storage.snapshot();
      await stays.update(1, { guestName: 'Bob' });
      const select = ['guestName', 'checkedInAt'] as const;
      const row = { guestName: 'Ada', checkedInAt: new Date(5) };
      expect(await stays.in(snapshot).get(1, { select })).toStrictEqual(row);
      expect(await snapshot.kysely.selectFrom('stay').select(select).execute()).toStrictEqual([row]);
    });
  });
}
