import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** Values that the database fills in are read in the types of the contract. */
export function defaultsCases(fixture: Fixture): void {
  describe('defaults', () => {
    test('C1 an identity, now() and a constant come back typed from insert', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      const before = Date.now();
      const row = await log.insert({ message: 'one' });
      expect(row).toMatchObject({ message: 'one', level: 'info' });
      expect(row.id).toBeTypeOf('number');
      expect(row.created_at).toBeInstanceOf(Date);
      // The server may have another clock.
      expect(Math.abs(row.created_at.getTime() - before)).toBeLessThan(60_000);
      expect(await log.get(row.id)).toStrictEqual(row);
    });

    test('C1 an identity gives every row another number, in insertMany too', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      await log.insertMany(Array.from({ length: 50 }, (_, index) => ({ message: String(index) })));
      const rows = await log.find({ orderBy: { id: 'asc' } });
      expect(new Set(rows.map(({ id }) => id)).size).toBe(50);
      expect(rows.map(({ message }) => message)).toStrictEqual(
        Array.from({ length: 50 }, (_, i) => String(i)),
      );
    });

    test('C1 an identity is never used again, not even the last one', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      const { id } = await log.insert({ message: 'one' });
      await log.delete(id);
      expect((await log.insert({ message: 'two' })).id).toBeGreaterThan(id);
    });

    test('C1 undefined leaves a column to its default, null does not', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      const row = await log.insert({ message: 'one', level: undefined });
      expect(row.level).toBe('info');
      await expectRefusal(log.insert({ message: 'two', level: null as never }), 'not_null_violation');
    });

    test('C1 an explicit value overrides the default', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      const row = await log.insert({ id: 7_000, message: 'one', level: 'warn', created_at: new Date(5) });
      expect(row).toStrictEqual({ id: 7_000, message: 'one', level: 'warn', created_at: new Date(5) });
    });

    test('C1 undefined in a patch leaves the column as it is', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      const { id } = await log.insert({ message: 'one', level: 'warn' });
      const row = await log.update(id, { message: 'two', level: undefined });
      expect(row).toMatchObject({ message: 'two', level: 'warn' });
    });

    test('C1 rows of insertMany may leave out different columns', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      await log.insertMany([
        { message: 'a', level: 'warn' },
        { message: 'b' },
        { message: 'c', level: 'error' },
      ]);
      const rows = await log.find({ orderBy: { message: 'asc' } });
      expect(rows.map(({ level }) => level)).toStrictEqual(['warn', 'info', 'error']);
    });
  });
}
