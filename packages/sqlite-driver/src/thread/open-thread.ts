import type { Failure } from '../errors/failure.js';
import { newMailboxSlots } from './late-joiners.js';
import { SqliteThread } from './sqlite-thread.js';
import type { ConnectionOptions } from './thread-protocol.js';
import { memberOutcome } from './watched-call.js';

/** A thread with an open connection, or the reason why opening failed; the thread has then ended. */
export type OpenedThread =
  | { readonly kind: 'thread'; readonly thread: SqliteThread }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** Starts a thread that runs the module `entry`, and opens its connection. */
export async function openThread(entry: URL, options: ConnectionOptions): Promise<OpenedThread> {
  const { role } = options;
  const mailboxSlots = role === 'writer' ? newMailboxSlots() : [];
  const thread = new SqliteThread(entry, `sluice sqlite ${role}`, mailboxSlots, options.files.changed);
  const failure = await open(thread, options);
  if (failure === undefined) return { kind: 'thread', thread };
  await thread.terminate();
  return { kind: 'failure', failure };
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
