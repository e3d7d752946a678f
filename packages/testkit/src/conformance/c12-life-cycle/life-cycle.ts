import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { closedCases } from './closed.js';
import { closingCases } from './closing.js';
import { openingCases } from './opening.js';

/** C12: a storage can be opened by many callers at once. It is closed once, and cannot be opened again. */
export function lifeCycleSuite(target: ConformanceTarget): void {
  describe('C12 life cycle', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    openingCases(fixture, target.capabilities);
    closingCases(fixture);
    closedCases(fixture);
  });
}
