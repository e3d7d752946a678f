import { type Failure, MOVED } from '../errors/failure.js';
import { FileWatch } from '../file/file-watch.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import { isDone, type ThreadReply } from '../thread/thread-protocol.js';
import type { ReplyWatch } from '../thread/thread-server.js';
import type { WalState } from '../thread/wal-state.js';

/** Interval at which the writer checks its WAL. A check costs a tenth of a small write. */
const CHECK_INTERVAL_MS = 1;

/**
 * Checks, after each transaction of the writer, that its files are still in place; at most once a millisecond it also reads the size of the
 * WAL.
 */
export class WriterWatch implements ReplyWatch {
  readonly #files: FileWatch;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #isGone = false;

  constructor(path: string) {
    this.#files = new FileWatch(path);
  }

  /**
   * Adds the state of the transaction and of the WAL to a reply. Turns results into failures when the file is gone, since the writes are
   * lost.
   */
  complete(answered: ThreadReply, connection: ThreadConnection): ThreadReply {
    if (connection.inTransaction) return { ...answered, inTransaction: true };
    const now = performance.now();
    const isDue = now - this.#checkedAt >= CHECK_INTERVAL_MS;
    if (isDue) this.#checkedAt = now;
    this.#isGone ||= !this.#files.isFileInPlace() || (isDue && !this.#files.isLogInPlace());
    if (this.#isGone) return disown(answered);
    return isDue ? { ...answered, wal: measure(connection) } : answered;
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

function disown(answered: ThreadReply): ThreadReply {
  const message = 'The file, or its WAL, was deleted or replaced.';
  const failure: Failure = { code: MOVED, name: 'SqliteError', message, phase: 'run' };
  const outcomes = answered.outcomes.map((outcome) =>
    isDone(outcome) ? ({ kind: 'failure', failure } as const) : outcome,
  );
  return { ...answered, outcomes };
}
