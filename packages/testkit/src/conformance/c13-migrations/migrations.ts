import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { alterConstraintsCases } from './alter-constraints.js';
import { alteringCases } from './altering.js';
import { changedElsewhereCases } from './changed-elsewhere.js';
import { endingCases } from './ending.js';
import { failingCases } from './failing.js';
import { guardingCases } from './guarding.js';
import { outsideTransactionCases } from './outside-transaction.js';
import { rebuildCases } from './rebuild.js';
import { schemaCases } from './schema.js';
import { sourcesCases } from './sources.js';
import { togetherCases } from './together.js';
import { walkCases } from './walk.js';

/** C13: one source of migrations. Each is applied once and completely, up and down. */
export function migrationsSuite(target: ConformanceTarget): void {
  describe('C13 migrations', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    walkCases(fixture);
    sourcesCases(fixture, target.capabilities);
    failingCases(fixture);
    endingCases(fixture);
    rebuildCases(fixture);
    alteringCases(fixture);
    alterConstraintsCases(fixture);
    guardingCases(fixture);
    schemaCases(fixture);
    outsideTransactionCases(fixture, target);
    if (!target.capabilities.sharedBetweenProcesses) return;
    togetherCases(fixture);
    changedElsewhereCases(fixture);
  });
}
