import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { rowWith } from '../../fixture/schema/specimen-row.js';

const TEN_MEGABYTES = 10 * 1024 * 1024;

/** Values that are large enough to show truncation and wrong encoding. */
export function largeValueCases(fixture: Fixture): void {
  describe('large values', () => {
    test('C1 bytea keeps ten megabytes, through insert, get, stream and plain queries', async () => {
      const { storage } = fixture;
      const specimens = storage.repository('specimen', { key: 'id' });
      const bytes = pseudoRandomBytes(TEN_MEGABYTES);
      const returned = await specimens.insert(rowWith(1, 'bytes', bytes));
      const got = await specimens.getOrThrow(1);
      const [streamed] = await collect(specimens.stream());
      const [selected] = await storage.kysely.selectFrom('specimen').select('bytes').execute();
      for (const row of [returned, got, streamed, selected]) expectSameBytes(row?.bytes, bytes);
    });

    test('C1 bytea leaves the bytes it was given as they were', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      const bytes = new Uint8Array([1, 2, 3]);
      await specimens.insert(rowWith(1, 'bytes', bytes));
      expect(bytes).toStrictEqual(new Uint8Array([1, 2, 3]));
      bytes[0] = 9;
      expect((await specimens.getOrThrow(1)).bytes).toStrictEqual(new Uint8Array([1, 2, 3]));
    });

    test('C1 text keeps ten million characters', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      const word = 'aü🌊x'.repeat(2_000_000);
      await specimens.insert(rowWith(1, 'word', word));
      expect((await specimens.getOrThrow(1)).word === word).toBe(true);
    });

    test('C1 jsonb keeps a value nested a hundred deep', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      const nested = JSON.parse(`${'['.repeat(100)}"0"${']'.repeat(100)}`);
      await specimens.insert(rowWith(1, 'tree', nested));
      expect((await specimens.getOrThrow(1)).tree).toStrictEqual(nested);
    });

    test('C1 numeric keeps a thousand digits on both sides of the point', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      const exact = `${'123456789'.repeat(100)}.${'987654321'.repeat(100)}`;
      await specimens.insert(rowWith(1, 'exact', exact));
      expect((await specimens.getOrThrow(1)).exact).toBe(exact);
    });
  });
}

function expectSameBytes(read: Uint8Array | null | undefined, written: Uint8Array): void {
  expect(read?.constructor).toBe(Uint8Array);
  expect(read?.byteLength).toBe(written.byteLength);
  expect(Buffer.compare(read ?? new Uint8Array(), written)).toBe(0);
}

/** A linear congruential generator. It returns the same bytes in every run. Its period is not a multiple of a block size. */
function pseudoRandomBytes(length: number): Uint8Array {
  let state = 42;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state >>> 16;
  });
}
