import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { argumentsCases } from './arguments.js';
import { batchCases } from './batch.js';
import { batchOfCallsCases } from './batch-of-calls.js';
import { chosenRowsCases } from './chosen-rows.js';
import { insertManyCases } from './insert-many.js';
import { loadCases } from './load.js';
import { onConflictCases } from './on-conflict.js';
import { patchCases } from './patches.js';
import { singleRowCases } from './single-rows.js';
import { unreadableResultsCases } from './unreadable-results.js';

/** C4: every repository call stores everything or nothing. */
export function atomicitySuite(target: ConformanceTarget): void {
  describe('C4 atomicity', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    argumentsCases(fixture);
    batchCases(fixture);
    batchOfCallsCases(fixture);
    chosenRowsCases(fixture, target.capabilities);
    insertManyCases(fixture, target.capabilities);
    loadCases(fixture);
    onConflictCases(fixture);
    patchCases(fixture, target.capabilities);
    singleRowCases(fixture);
    unreadableResultsCases(fixture);
  });
}
