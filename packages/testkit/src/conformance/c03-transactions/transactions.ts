import { describe } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { boundRepositoryCases } from './bound-repositories.js';
import { brokenCases } from './broken.js';
import { controlledCases } from './controlled.js';
import { endedHandleCases } from './ended-handles.js';
import { heldSnapshotCases } from './held-snapshots.js';
import { isolationCases } from './isolation.js';
import { kyselyTransactionCases } from './kysely-transactions.js';
import { neighbourCases } from './neighbours.js';
import { outerHandleCases } from './outer-handles.js';
import { replayCases } from './replay.js';
import { savepointCases } from './savepoints.js';
import { snapshotCases } from './snapshots.js';
import { statementCases } from './statements.js';

/** C3: transactions are serializable and replayed as a whole. A wrong use of a handle is always refused. */
export function transactionsSuite(target: ConformanceTarget): void {
  describe('C3 transactions', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    statementCases(fixture);
    isolationCases(fixture, target.capabilities);
    snapshotCases(fixture, target.capabilities);
    heldSnapshotCases(fixture, target.capabilities);
    replayCases(fixture, target.capabilities);
    brokenCases(fixture);
    savepointCases(fixture);
    boundRepositoryCases(fixture);
    outerHandleCases(fixture);
    endedHandleCases(fixture);
    kyselyTransactionCases(fixture, target.capabilities);
    controlledCases(fixture, target.capabilities);
    neighbourCases(fixture);
  });
}
