import type { Failure } from '../errors/failure.js';
import { newDoors } from './late-joiners.js';
import { SqliteThread } from './sqlite-thread.js';
import type { ConnectionOptions } from './thread-protocol.js';
import { memberOutcome } from './watched-call.js';

/** A thread whose connection is open, or why it could not be opened; the thread is gone then. */
export type OpenedThread =
  | { readonly kind: 'thread'; readonly thread: SqliteThread }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** Starts the thread whose code is at `entry`, and opens its connection as soon as `ready` resolves; meanwhile the thread loads its code. */
export async function openThread(
  entry: URL,
  options: ConnectionOptions,
  ready?: Promise<unknown>,
): Promise<OpenedThread> {
  const { role } = options;
  const doors = role === 'writer' ? newDoors() : [];
  const thread = new SqliteThread(entry, `sluice sqlite ${role}`, doors);
  await ready;
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

/** The thread did not get as far as opening: its code, or better-sqlite3, could not be loaded. */
function startFailure(cause: unknown): Failure {
  const told = cause instanceof Error ? cause.message : String(cause);
  const message = cause === undefined ? 'The thread ended before it had begun.' : told;
  return { code: undefined, name: 'Error', message, phase: 'run' };
}
