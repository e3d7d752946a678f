import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { leavingCases } from './leaving.js';
import { readingCases } from './reading.js';
import { seekingCases } from './seeking.js';
import { transactionStreamCases } from './transaction-streams.js';

/** C9: a stream reads any number of rows in constant memory, on one snapshot, and blocks no other call. */
export function streamsSuite(target: ConformanceTarget): void {
  describe('C9 streams', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    readingCases(fixture, target.capabilities);
    leavingCases(fixture);
    seekingCases(fixture);
    transactionStreamCases(fixture);
  });
}
