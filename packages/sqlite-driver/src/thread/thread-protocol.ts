import type { Failure } from '../errors/failure.js';
import type { ResultPart } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import type { SlotMemory } from './shared-slot.js';
import type { SharedFlags } from './thread-flags.js';
import type { CheckpointMode, CheckpointReport, WalState } from './wal-state.js';

/** A statement whose parameters are ready to be bound. */
export interface ThreadStatement {
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
  /** Whether all its rows fit into one part, so that they are read at one go. */
  readonly isShort?: boolean;
  /** Whether nothing but the number of rows is asked of it. */
  readonly isCounted?: boolean;
}

/** How a thread opens its connection. */
export interface ConnectionOptions {
  /** Absolute path of the file. */
  readonly path: string;
  /** Which file that was when the database was opened; `undefined` until it is. */
  readonly file: { readonly identity: string | undefined };
  readonly role: 'checkpointer' | 'reader' | 'writer';
  readonly synchronous: 'full' | 'normal' | 'off';
  /** `portable` types columns and binds whole numbers as integers; `native` is better-sqlite3's own way. */
  readonly values: 'portable' | 'native';
  /** How long another process may keep the file locked while it is being opened. */
  readonly openTimeoutMs: number;
  readonly cacheBytes: number;
  readonly mmapBytes: number;
  readonly tempStore: 'file' | 'memory';
  /** The WAL file is cut back to this size when it starts over. */
  readonly walLimitBytes: number;
}

/** What one caller wants to be committed: a statement, or several as one. */
export type GroupMember = ThreadStatement | readonly ThreadStatement[];

/** The members of a group, packed. */
export interface PackedMembers {
  readonly statements: PackedStatements;
  /** How many statements each member has that is a batch, and `undefined` for one that is none; left out where no member is. */
  readonly sizes?: readonly (number | undefined)[];
}

/** Statements of which many are alike, each text once: so packed they cross between threads in a third of the time. */
export interface PackedStatements {
  readonly texts: readonly Pick<ThreadStatement, 'isCounted' | 'isShort' | 'sql'>[];
  /** Of each statement, the index of its text. */
  readonly which: readonly number[];
  readonly parameters: readonly (readonly SqliteValue[])[];
}

/** What a thread can be asked for. It does one thing at a time. */
export type ThreadRequest =
  | { readonly op: 'open'; readonly options: ConnectionOptions }
  /** Reader: one statement on one snapshot. With `probe`, a statement that does more than read is not run but reported. */
  | {
      readonly op: 'read';
      readonly statement: ThreadStatement;
      readonly batchSize: number;
      readonly probe: boolean;
    }
  /** Reader: tells a statement that only reads from one that does more, which is answered `not_read`. */
  | { readonly op: 'probe'; readonly sql: string }
  /** Writer: each statement on its own terms, all in one COMMIT. */
  | { readonly op: 'group'; readonly members: PackedMembers }
  /** Writer: one statement that SQLite refuses inside a transaction, such as VACUUM. */
  | { readonly op: 'solo'; readonly statement: ThreadStatement }
  | { readonly op: 'begin'; readonly isSchemaChange: boolean }
  /** With `enters`, the first of a member of a shared transaction, which it begins where there is none. */
  | {
      readonly op: 'run';
      readonly statement: ThreadStatement;
      readonly batchSize: number;
      readonly enters?: boolean;
    }
  /** Writer: undoes what the last member of a shared transaction did, and leaves the others' work in it. */
  | { readonly op: 'undo' }
  | { readonly op: 'commit' }
  | { readonly op: 'rollback' }
  /** Checkpointer and writer: copies the WAL into the file, waiting at most so long for short reads. */
  | { readonly op: 'checkpoint'; readonly mode: CheckpointMode; readonly patienceMs: number }
  | { readonly op: 'close' };

/** What became of one statement. */
export type Outcome =
  | {
      readonly kind: 'result';
      /** The rows not sent before as parts; `undefined` for a statement that returns none. */
      readonly last: ResultPart | undefined;
      readonly changes: number;
      /** `undefined` for a statement that returns rows. */
      readonly lastInsertId: number | bigint | undefined;
    }
  | { readonly kind: 'failure'; readonly failure: Failure }
  /** It was cancelled, and nothing of it happened. */
  | { readonly kind: 'dropped' }
  /** It does more than read, and was not run. */
  | { readonly kind: 'not_read' }
  /** One for each statement of a batch. */
  | { readonly kind: 'batch'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'checkpoint'; readonly report: CheckpointReport };

/** Outcome of a request that has no result. */
export const DONE: Outcome = { kind: 'result', last: undefined, changes: 0, lastInsertId: undefined };

/** Whether an outcome says that the work was done; one of a statement that is only counted is its number. */
export function isDone(outcome: Outcome | number | undefined): boolean {
  return typeof outcome === 'number' || outcome?.kind === 'result' || outcome?.kind === 'batch';
}

/** What taking SQLite's lock cost. */
export interface LockReport {
  readonly attempts: number;
  readonly successes: number;
  readonly retries: number;
  readonly waitedMs: number;
}

/** A thread's answer to a request; the last message about it. */
export interface ThreadReply {
  /** One per member, for a statement that is only counted the number; one for every other request. */
  readonly outcomes: readonly (Outcome | number)[];
  readonly lock?: LockReport;
  readonly commits?: number;
  readonly rollbacks?: number;
  /** Writer: whether a transaction is open. */
  readonly inTransaction?: boolean;
  /** Writer: the write-ahead log after the request. */
  readonly wal?: WalState | undefined;
}

/** What a thread is started with. */
export interface ThreadStart {
  readonly flags: SharedFlags;
  readonly requests: SlotMemory;
  readonly replies: SlotMemory;
  /** Of members that join a group under way; empty but for the writer. */
  readonly late: readonly SlotMemory[];
}

/** What a thread sends. */
export type ThreadMessage =
  | { readonly kind: 'part'; readonly member: number; readonly part: ResultPart }
  | { readonly kind: 'reply'; readonly reply: ThreadReply; readonly prepared?: PreparedCounts | undefined };

/** How often a statement was found prepared, and how often it had to be. */
export interface PreparedCounts {
  readonly hits: number;
  readonly misses: number;
}
