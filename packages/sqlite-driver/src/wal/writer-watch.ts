import type { Failure } from '../errors/failure.js';
import { changedFailure } from '../errors/failure.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import { isDone, type ThreadReply } from '../thread/thread-protocol.js';
import type { ReplyWatch } from '../thread/thread-server.js';
import type { WalState } from '../thread/wal-state.js';

/** Shortest time between two measurements of the WAL, in milliseconds. Each costs a tenth of a small write. */
const MEASURE_INTERVAL_MS = 5;

/**
 * Checks, after each transaction of the writer, that its files are still in place; at most every {@link MEASURE_INTERVAL_MS} it also measures the WAL.
 */
export class WriterWatch implements ReplyWatch {
  #measuredAt = Number.NEGATIVE_INFINITY;

  /** Adds the state of the transaction and of the WAL to a reply. What was committed to files that are gone is answered as unknown. */
  complete(answered: ThreadReply, connection: ThreadConnection): ThreadReply {
    if (connection.inTransaction) return { ...answered, inTransaction: true };
    if (!connection.files.isInPlace()) return disown(answered);
    const now = performance.now();
    if (now - this.#measuredAt < MEASURE_INTERVAL_MS) return answered;
    this.#measuredAt = now;
    const wal = measure(connection);
    if (wal === undefined || !connection.truncation.isTruncated(wal)) return { ...answered, wal };
    connection.files.noteChange();
    return disown(answered);
  }
}

function measure(connection: ThreadConnection): WalState | undefined {
  try {
    return connection.checkpoint('noop');
  } catch {
    // The work is done and must be answered. The next statement reports the error.
    return undefined;
  }
}

/** Nobody can tell whether others find the commit. What was rolled back was not executed in any case. */
function disown(answered: ThreadReply): ThreadReply {
  if (answered.commits === undefined && answered.rollbacks !== undefined) return answered;
  const failure: Failure = changedFailure('commit');
  const outcomes = answered.outcomes.map((outcome) =>
    isDone(outcome) ? ({ kind: 'failure', failure } as const) : outcome,
  );
  return { ...answered, outcomes };
}
