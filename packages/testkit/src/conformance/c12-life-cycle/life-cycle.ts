import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { closedCases } from './closed.js';
import { closingCases } from './closing.js';
import { openingCases } from './opening.js';

/** C12: opened by many at once, closed once and for good. */
export function lifeCycleSuite(target: ConformanceTarget): void {
  describe('C12 life cycle', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    openingCases(fixture, target.capabilities);
    closingCases(fixture);
    closedCases(fixture);
  });
}
