import { type Failure, MOVED } from '../errors/failure.js';
import { FileWatch } from '../file/file-watch.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import { isDone, type ThreadReply } from '../thread/thread-protocol.js';
import type { ReplyWatch } from '../thread/thread-server.js';
import type { WalState } from '../thread/wal-state.js';

/** How often the writer looks at its WAL; each look costs a tenth of a small write. */
const LOOK_MS = 1;

/** Looks, after each transaction of the writer, whether its files are still there, and now and then how long the WAL is. */
export class WriterWatch implements ReplyWatch {
  readonly #files: FileWatch;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isGone = false;

  constructor(path: string) {
    this.#files = new FileWatch(path);
  }

  /** The reply that the caller gets. What was written to a file that is no longer there is not acknowledged. */
  complete(answered: ThreadReply, connection: ThreadConnection): ThreadReply {
    if (connection.inTransaction) return { ...answered, inTransaction: true };
    const now = performance.now();
    const isDue = now - this.#lookedAt >= LOOK_MS;
    if (isDue) this.#lookedAt = now;
    this.#isGone ||= !this.#files.isFileInPlace() || (isDue && !this.#files.isLogInPlace());
    if (this.#isGone) return disown(answered);
    return isDue ? { ...answered, wal: measure(connection) } : answered;
  }
}

function measure(connection: ThreadConnection): WalState | undefined {
  try {
    return connection.checkpoint('noop');
  } catch {
    // The work before this look is done and must be answered; what is wrong shows in the next statement.
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
