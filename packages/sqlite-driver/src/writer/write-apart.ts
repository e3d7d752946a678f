import type { WaitOptions } from '@sluice/core';
import type { ThreadLease } from '../thread/thread-lease.js';
import type { ThreadStatement } from '../thread/thread-protocol.js';
import type { CallOutcome } from '../thread/watched-call.js';
import { type ResultPart, ROWS_PER_PART } from '../values/result-part.js';

/**
 * Runs one write in a transaction of its own and releases the lease. Its COMMIT is a request of its own, so that in a process, which may be killed before,
 * it is certain whether it was committed.
 *
 * @param onEnded Called with the time that the statement took, when it succeeded.
 */
export async function writeApart(
  lease: ThreadLease,
  statement: ThreadStatement,
  wait: WaitOptions,
  onPart: (part: ResultPart) => void,
  onEnded: (tookMs: number) => void,
): Promise<CallOutcome> {
  const begun = await lease.call({ op: 'begin', isSchemaChange: false }, wait);
  if (begun.kind !== 'result') return undone(lease, begun);
  const since = performance.now();
  const ran = await lease.call({ op: 'run', statement, batchSize: ROWS_PER_PART }, wait, onPart);
  if (ran.kind !== 'result') return undone(lease, ran);
  onEnded(performance.now() - since);
  const committed = await lease.call({ op: 'commit' }, wait);
  lease.release();
  return committed.kind === 'result' ? ran : committed;
}

function undone(lease: ThreadLease, outcome: CallOutcome): CallOutcome {
  lease.release({ op: 'rollback' });
  return outcome;
}
