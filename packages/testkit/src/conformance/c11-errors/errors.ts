import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { constraintCases } from './constraints.js';
import { deferredCases } from './deferred.js';
import { hostileKeyCases } from './hostile-keys.js';
import { hostileOrderCases } from './hostile-orders.js';
import { hostileWhereCases } from './hostile-where.js';
import { secrecyCases } from './secrecy.js';
import { usageCases } from './usage.js';
import { viewCases } from './views.js';

/** C11: all errors belong to one family. No part of a refused call is executed. */
export function errorsSuite(target: ConformanceTarget): void {
  describe('C11 errors', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    constraintCases(fixture);
    deferredCases(fixture);
    usageCases(fixture);
    viewCases(fixture);
    hostileWhereCases(fixture);
    hostileOrderCases(fixture);
    hostileKeyCases(fixture);
    secrecyCases(fixture);
  });
}
