import type { Failure } from '../errors/failure.js';
import type { OpenFiles } from '../file/file-watch.js';
import type { ResultPart } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import type { SlotMemory } from './shared-slot.js';
import type { SharedFlags } from './thread-flags.js';
import type { CheckpointMode, CheckpointReport, WalState } from './wal-state.js';

/** A statement with parameters that SQLite can store. */
export interface ThreadStatement {
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
  /** Whether all its rows fit into one part, so that they are read at once. */
  readonly isShort?: boolean;
  /** Whether the caller needs only the number of changed rows. */
  readonly isCounted?: boolean;
  /** The version of the schema for which it was made; with any other it is not executed. `undefined`: it is executed with any. */
  readonly schemaVersion?: number | undefined;
}

/** Settings of a thread's connection. */
export interface ConnectionOptions {
  /** Absolute path of the file. */
  readonly path: string;
  readonly files: OpenFiles;
  readonly role: 'checkpointer' | 'reader' | 'writer';
  readonly synchronous: 'full' | 'normal' | 'off';
  /** `portable`: columns have types, and whole numbers are bound as INTEGER. `native`: as better-sqlite3 does. */
  readonly values: 'portable' | 'native';
  /** How long opening waits for another process that has locked the file, in milliseconds. */
  readonly openTimeoutMs: number;
  readonly cacheBytes: number;
  readonly mmapBytes: number;
  readonly tempStore: 'file' | 'memory';
  /** The WAL file is truncated to this size when it restarts. */
  readonly walLimitBytes: number;
  /** Whether its thread may serve several files of this process, one after the other. */
  readonly sharesThreads: boolean;
  /** How long its thread is kept for another file when this one was closed, unless threads are shared, in milliseconds. */
  readonly spareMs: number;
}

/** The work of one caller in a group: a statement, or several that succeed or fail together. */
export type GroupMember = ThreadStatement | readonly ThreadStatement[];

/** The members of a group, packed. */
export interface PackedMembers {
  readonly statements: PackedStatements;
  /** For each member, the number of its statements if it is a batch, else `undefined`. Left out when no member is a batch. */
  readonly sizes?: readonly (number | undefined)[];
}

/** Statements, with each distinct text once. Packed like this they are sent in a third of the time. */
export interface PackedStatements {
  readonly texts: readonly Omit<ThreadStatement, 'parameters'>[];
  /** For each statement, the index of its text. */
  readonly which: readonly number[];
  readonly parameters: readonly (readonly SqliteValue[])[];
}

/** A request to a thread. It serves one at a time. */
export type ThreadRequest =
  | { readonly op: 'open'; readonly options: ConnectionOptions }
  /**
   * Reader: runs one statement on a snapshot of its own. With `probe`, a statement that does more than read is not run, and answered
   * `not_read`.
   */
  | {
      readonly op: 'read';
      readonly statement: ThreadStatement;
      readonly batchSize: number;
      readonly probe: boolean;
    }
  /** Reader: checks whether a statement only reads; otherwise the answer is `not_read`. */
  | { readonly op: 'probe'; readonly sql: string }
  /** Writer: runs the members in one transaction; a member that fails does not affect the others. */
  | { readonly op: 'group'; readonly members: PackedMembers }
  /** Writer: runs one statement that SQLite refuses inside a transaction, such as VACUUM. */
  | { readonly op: 'solo'; readonly statement: ThreadStatement }
  | { readonly op: 'begin'; readonly isSchemaChange: boolean }
  /**
   * Runs a statement in the open transaction. `enters` marks the first statement of a member of a shared transaction, or of a snapshot, and begins
   * that if needed.
   */
  | {
      readonly op: 'run';
      readonly statement: ThreadStatement;
      readonly batchSize: number;
      readonly enters?: boolean;
    }
  /** Writer: undoes the work of the last member of a shared transaction, and keeps the work of the others. */
  | { readonly op: 'undo' }
  | { readonly op: 'commit' }
  | { readonly op: 'rollback' }
  /** Checkpointer and writer: makes a checkpoint, and retries for at most `timeoutMs` while short reads block it. */
  | { readonly op: 'checkpoint'; readonly mode: CheckpointMode; readonly timeoutMs: number }
  /** Closes the connection. The thread can open another one then. */
  | { readonly op: 'close' };

/** The outcome of one statement. */
export type Outcome =
  | {
      readonly kind: 'result';
      /** The rows that were not sent before as parts; `undefined` for a statement that returns no rows. */
      readonly last: ResultPart | undefined;
      readonly changes: number;
      /** `undefined` for a statement that returns rows. */
      readonly lastInsertId: number | bigint | undefined;
    }
  | { readonly kind: 'failure'; readonly failure: Failure }
  /** It was cancelled and had no effect. */
  | { readonly kind: 'dropped' }
  /** It does more than read and was not run. */
  | { readonly kind: 'not_read' }
  /** One for each statement of a batch. */
  | { readonly kind: 'batch'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'checkpoint'; readonly report: CheckpointReport };

/** The outcome of a request that succeeded and has no result. */
export const DONE: Outcome = { kind: 'result', last: undefined, changes: 0, lastInsertId: undefined };

/** Whether an outcome is a success. The outcome of a statement with `isCounted` is a number. */
export function isDone(outcome: Outcome | number | undefined): boolean {
  return typeof outcome === 'number' || outcome?.kind === 'result' || outcome?.kind === 'batch';
}

/** What taking SQLite's write lock cost. */
export interface LockReport {
  readonly attempts: number;
  readonly successes: number;
  /** Attempts that had to wait. */
  readonly retries: number;
  /** How often the waits looked for the lock. */
  readonly polls: number;
  readonly waitedMs: number;
}

/** The reply to a request; the last message about it. */
export interface ThreadReply {
  /** For a group, one for each member: for a statement with `isCounted`, its number of changed rows. One for every other request. */
  readonly outcomes: readonly (Outcome | number)[];
  readonly lock?: LockReport;
  readonly commits?: number;
  readonly rollbacks?: number;
  /** Writer: whether a transaction is open. */
  readonly inTransaction?: boolean;
  /** Writer: the state of the WAL after the request; not in every reply. */
  readonly wal?: WalState | undefined;
}

/** The outcome of one member in a reply. */
export function memberOutcome({ outcomes }: ThreadReply, member: number): Outcome {
  const outcome = outcomes[member];
  if (outcome === undefined) throw new RangeError(`The thread gave no outcome for member ${member}.`);
  return typeof outcome === 'number'
    ? { kind: 'result', last: undefined, changes: outcome, lastInsertId: undefined }
    : outcome;
}

/** The data that a thread is started with. */
export interface ThreadStart {
  readonly flags: SharedFlags;
  readonly requests: SlotMemory;
  readonly replies: SlotMemory;
  /** Slots for late joiners of a group; empty for other threads than the writer. */
  readonly mailboxSlots: readonly SlotMemory[];
}

/** A message from a thread. */
export type ThreadMessage =
  | { readonly kind: 'part'; readonly member: number; readonly part: ResultPart }
  | { readonly kind: 'reply'; readonly reply: ThreadReply; readonly prepared?: PreparedCounts | undefined };

/** Hits and misses of the cache of prepared statements. */
export interface PreparedCounts {
  readonly hits: number;
  readonly misses: number;
}
