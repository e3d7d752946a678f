import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from './conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from './fixture.js';

/** What the driver's author declares is what the driver says of itself, before and after use. */
export function manifestSuite(target: ConformanceTarget): void {
  describe('manifest', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);

    test('C11 the capabilities are those that the author declares', () => {
      expect({ ...fixture.storage.capabilities }).toStrictEqual({ ...target.capabilities });
    });

    test('C11 the capabilities are the same on every storage, and do not change', async () => {
      const before = { ...fixture.storage.capabilities };
      await fixture.storage.write((tx) =>
        tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 }),
      );
      const another = await fixture.another();
      expect({ ...fixture.storage.capabilities }).toStrictEqual(before);
      expect({ ...another.capabilities }).toStrictEqual(before);
    });
  });
}
