import { afterAll, beforeAll, describe } from 'vitest';
import type { ConformanceTarget } from '../fixture/conformance-target.js';
import { withDeadline } from '../postgres-server/deadline.js';
import { valuesSuite } from './c01-values/values.js';
import { orderSuite } from './c02-order/order.js';
import { transactionsSuite } from './c03-transactions/transactions.js';
import { atomicitySuite } from './c04-atomicity/atomicity.js';
import { durabilitySuite } from './c05-durability/durability.js';
import { concurrencySuite } from './c06-concurrency/concurrency.js';
import { eventLoopSuite } from './c07-event-loop/event-loop.js';
import { cancellationSuite } from './c08-cancellation/cancellation.js';
import { streamsSuite } from './c09-streams/streams.js';
import { backPressureSuite } from './c10-back-pressure/back-pressure.js';
import { errorsSuite } from './c11-errors/errors.js';
import { lifeCycleSuite } from './c12-life-cycle/life-cycle.js';
import { migrationsSuite } from './c13-migrations/migrations.js';
import { observabilitySuite } from './c14-observability/observability.js';
import { watchSuite } from './c14-observability/watch.js';
import { catalogueSuite } from './catalogue/catalogue-suite.js';
import { manifestSuite } from './manifest.js';
import { reportScore } from './report/report-score.js';

/**
 * Registers the conformance suite for one driver with Vitest: one `describe` for each number of the contract. Call it at the top level of a
 * test file. A driver that passes all cases keeps the contract. The run prints a score for each number, and writes it to the folder
 * `target.report`.
 *
 * @example
 * conformance({
 *   name: 'sqlite',
 *   capabilities: { concurrentWriters: false, sharedBetweenProcesses: true, durable: true, … },
 *   open: (database, options) => openStorage({ ...options, url: `sqlite:${folder}/${database}.db`, drivers: [sqlite()] }),
 * });
 */
export function conformance(target: ConformanceTarget): void {
  describe(`conformance of ${target.name}`, () => {
    beforeAll(() => warmUp(target), 2 * WARM_UP_MS);
    // biome-ignore lint/correctness/noEmptyPattern: Vitest takes nothing else for the fixtures, of which none is used.
    afterAll(({}, suite) => reportScore(target, suite));
    manifestSuite(target);
    valuesSuite(target);
    orderSuite(target);
    catalogueSuite(target);
    transactionsSuite(target);
    atomicitySuite(target);
    durabilitySuite(target);
    concurrencySuite(target);
    eventLoopSuite(target);
    cancellationSuite(target);
    streamsSuite(target);
    backPressureSuite(target);
    errorsSuite(target);
    lifeCycleSuite(target);
    migrationsSuite(target);
    observabilitySuite(target);
    watchSuite(target);
  });
}

/** The first `open` may take longer: some engines must be loaded, or must first make a database to copy. */
const WARM_UP_MS = 60_000;

async function warmUp(target: ConformanceTarget): Promise<void> {
  const name = `suite_${process.pid}_warm_up`;
  const late = (): Error => new Error(`The first open() and close() did not end within ${WARM_UP_MS} ms.`);
  const storage = await withDeadline(target.open(name, {}), WARM_UP_MS, late);
  await withDeadline(storage.close(), WARM_UP_MS, late);
  await target.drop?.(name);
}
