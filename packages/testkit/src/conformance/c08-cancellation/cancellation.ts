import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { beforeCases } from './before.js';
import { queuedCases } from './queued.js';
import { raceCases } from './races.js';
import { runningCases } from './running.js';
import { stuckCallbackCases } from './stuck-callbacks.js';

/** C8: every call can be cancelled. A cancelled call has no effect. */
export function cancellationSuite(target: ConformanceTarget): void {
  describe('C8 cancellation', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    beforeCases(fixture);
    queuedCases(fixture);
    runningCases(fixture, target.capabilities);
    raceCases(fixture);
    stuckCallbackCases(fixture);
  });
}
