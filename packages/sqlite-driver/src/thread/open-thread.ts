import { type Failure, toFailure } from '../errors/failure.js';
import { SharedThreads, type ThreadHolder } from './shared-threads.js';
import { SpareThreads } from './spare-threads.js';
import { SqliteThread } from './sqlite-thread.js';
import { type ConnectionOptions, memberOutcome } from './thread-protocol.js';
import { WorkerLink } from './worker-link.js';

/** A thread with an open connection, or the reason why opening failed; the thread has then ended. */
export type OpenedThread =
  | { readonly kind: 'thread'; readonly thread: SqliteThread }
  | { readonly kind: 'failure'; readonly failure: Failure };

/**
 * Starts a thread that runs the module `entry`, or takes one whose file was closed, and opens its connection.
 *
 * @param holder Asked for an idle thread when other files need one.
 */
export async function openThread(
  entry: URL,
  options: ConnectionOptions,
  holder?: ThreadHolder,
): Promise<OpenedThread> {
  let thread: SqliteThread;
  try {
    thread = await startThread(entry, options, holder);
  } catch (error) {
    // The system has no thread left, or Node may start none.
    return { kind: 'failure', failure: toFailure(error, 'run') };
  }
  const failure = await open(thread, options);
  if (failure === undefined) return { kind: 'thread', thread };
  await thread.terminate();
  return { kind: 'failure', failure };
}

async function startThread(
  entry: URL,
  { role, sharesThreads, spareMs }: ConnectionOptions,
  holder: ThreadHolder | undefined,
): Promise<SqliteThread> {
  if (!sharesThreads) {
    const spare = SpareThreads.of(entry);
    return new SqliteThread(spare.take() ?? new WorkerLink(entry, role), (link) => spare.keep(link, spareMs));
  }
  const shared = SharedThreads.of(entry, role);
  return new SqliteThread(await shared.take(holder), (link) => shared.giveBack(link));
}

async function open(thread: SqliteThread, options: ConnectionOptions): Promise<Failure | undefined> {
  const result = await thread.call({ op: 'open', options });
  if (result.kind === 'lost') return startFailure(result.cause);
  const outcome = memberOutcome(result.reply, 0);
  return outcome.kind === 'failure' ? outcome.failure : undefined;
}

/** The failure of a thread that ended before it opened its connection: its code, or better-sqlite3, could not be loaded. */
function startFailure(cause: unknown): Failure {
  const told = cause instanceof Error ? cause.message : String(cause);
  const message = cause === undefined ? 'The thread ended before it had begun.' : told;
  return { code: undefined, name: 'Error', message, phase: 'run' };
}
