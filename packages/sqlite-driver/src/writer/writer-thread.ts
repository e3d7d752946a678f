import { changedFailure, isBusy, ROLLED_BACK_BEFORE, toFailure } from '../errors/failure.js';
import { describeViolation } from '../schema/describe-violation.js';
import { unpackRows } from '../thread/pack-rows.js';
import { isBatch, unpackMembers } from '../thread/pack-statements.js';
import { ResultSink } from '../thread/result-sink.js';
import { runStatement } from '../thread/run-statement.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import { lateJoiners } from '../thread/thread-port.js';
import {
  DONE,
  type GroupMember,
  isDone,
  type Outcome,
  type ThreadReply,
  type ThreadStatement,
} from '../thread/thread-protocol.js';
import { serveThread } from '../thread/thread-server.js';
import { beginLocked, LockWait } from '../transaction/lock-wait.js';
import { SharedTransaction } from '../transaction/shared-transaction.js';
import { ROWS_PER_PART } from '../values/result-part.js';
import { runCheckpoint } from '../wal/run-checkpoint.js';
import { WriterWatch } from '../wal/writer-watch.js';
import { ChildRowGuard } from './child-row-guard.js';
import { CollectedRows } from './collected-rows.js';
import { GroupCommit } from './group-commit.js';
import {
  findBrokenForeignKey,
  raiseSchemaVersion,
  switchForeignKeys,
  totalChanges,
} from './schema-change.js';

/** Whether the open transaction is a schema change, for which foreign keys are not enforced. */
let isSchemaChange = false;
let guard: ChildRowGuard | undefined;
/** How many rows the connection had changed when the schema change began. */
let changesBefore = 0;
const sharedTransaction = new SharedTransaction();

serveThread(
  (request, connection, flags) => {
    switch (request.op) {
      case 'group':
        return commitGroup(connection, flags, unpackMembers(request.members));
      case 'solo':
        return one(runAlone(connection, flags, request.statement));
      case 'begin':
        return begin(connection, flags, request.isSchemaChange);
      case 'run':
        return request.enters
          ? enterAndRun(connection, flags, request)
          : one(run(connection, flags, request));
      case 'undo':
        return undo(connection);
      case 'commit':
        return commit(connection, flags);
      case 'rollback':
        return undone(connection, DONE);
      case 'checkpoint':
        return one(runCheckpoint(connection, flags, request));
      default:
        throw new Error(`The writer was asked to ${request.op}.`);
    }
  },
  () => {
    forgetTransaction();
    return new WriterWatch();
  },
);

function one(outcome: Outcome): ThreadReply {
  return { outcomes: [outcome] };
}

function commitGroup(
  connection: ThreadConnection,
  flags: ThreadFlags,
  members: readonly GroupMember[],
): ThreadReply {
  const commit = new GroupCommit(connection, flags, new LockWait(flags), members, takeLateJoiners);
  const reply = commit.run();
  const sink = new ResultSink(flags, ROWS_PER_PART);
  const outcomes = reply.outcomes.map((outcome, member) =>
    isCounted(commit.members[member]) && outcome.kind === 'result'
      ? outcome.changes
      : sendAhead(outcome, member, sink),
  );
  return { ...reply, outcomes };
}

function takeLateJoiners(): readonly GroupMember[] {
  const members = lateJoiners.take();
  return members === undefined ? [] : unpackMembers(members);
}

interface Run {
  readonly statement: ThreadStatement;
  readonly batchSize: number;
}

/** Runs the first statement of a member of a shared transaction. */
function enterAndRun(connection: ThreadConnection, flags: ThreadFlags, request: Run): ThreadReply {
  const entered = sharedTransaction.enter(connection, flags);
  return isDone(entered.outcomes[0]) ? { ...entered, outcomes: [run(connection, flags, request)] } : entered;
}

function isCounted(member: GroupMember | undefined): boolean {
  return member !== undefined && !isBatch(member) && member.isCounted === true;
}

function undo(connection: ThreadConnection): ThreadReply {
  if (sharedTransaction.undoLast(connection)) return one(DONE);
  return undone(connection, DONE);
}

/** Runs a statement in the open transaction. Without one it would be committed by itself. */
function run(connection: ThreadConnection, flags: ThreadFlags, { statement, batchSize }: Run): Outcome {
  if (!connection.inTransaction) return { kind: 'failure', failure: ROLLED_BACK_BEFORE };
  guard?.expect(statement.sql);
  const outcome = runStatement(connection, statement, 0, new ResultSink(flags, batchSize), 'all');
  guard?.note(statement.sql, outcome);
  return outcome;
}

/** Runs a statement outside a transaction. Retries while another process holds a lock. */
function runAlone(connection: ThreadConnection, flags: ThreadFlags, statement: ThreadStatement): Outcome {
  const lock = new LockWait(flags);
  const isWanted = (): boolean => !flags.isCancelled(0);
  if (!connection.files.isInPlace()) return { kind: 'failure', failure: changedFailure('run') };
  connection.refreshSchema();
  while (isWanted()) {
    const outcome = runStatement(connection, statement, 0, new CollectedRows());
    if (outcome.kind !== 'failure' || !isBusy(outcome.failure)) return outcome;
    lock.pause(isWanted);
  }
  return { kind: 'dropped' };
}

/** Sends a long result in parts before the reply, so that decoding it does not block the calling thread. The last rows stay in the outcome. */
function sendAhead(outcome: Outcome, member: number, sink: ResultSink): Outcome {
  if (outcome.kind !== 'result' || outcome.last === undefined || outcome.last.count <= ROWS_PER_PART)
    return outcome;
  sink.begin(member, outcome.last.columns);
  for (const row of unpackRows(outcome.last)) sink.add(row);
  return { ...outcome, last: sink.last() };
}

function begin(connection: ThreadConnection, flags: ThreadFlags, changesSchema: boolean): ThreadReply {
  if (changesSchema) switchForeignKeys(connection, false);
  isSchemaChange = changesSchema;
  const reply = beginLocked(connection, flags);
  if (!connection.inTransaction) endTransaction(connection);
  else if (changesSchema) {
    guard = new ChildRowGuard(connection);
    changesBefore = totalChanges(connection);
  }
  return reply;
}

function commit(connection: ThreadConnection, flags: ThreadFlags): ThreadReply {
  if (!connection.inTransaction) return undone(connection, { kind: 'failure', failure: ROLLED_BACK_BEFORE });
  try {
    const broken = guard?.isArmed ? (findBrokenForeignKey(connection) ?? guard.findLoss()) : undefined;
    if (broken !== undefined) return undone(connection, { kind: 'failure', failure: broken });
    if (!flags.claim(0)) return undone(connection, { kind: 'dropped' });
    // While it holds the lock, nobody but somebody who cuts it makes the WAL shorter.
    if (!connection.files.isInPlace() || connection.truncation.isWalShorter()) {
      connection.files.noteChange();
      return undone(connection, { kind: 'failure', failure: changedFailure('run') });
    }
    if (isSchemaChange && totalChanges(connection) !== changesBefore) raiseSchemaVersion(connection);
    connection.control('commit');
  } catch (error) {
    const failure = connection.explain(toFailure(error, 'commit'));
    const described = connection.isPortable ? describeViolation(connection, failure, undefined) : failure;
    return undone(connection, { kind: 'failure', failure: described });
  }
  endTransaction(connection);
  return { outcomes: [DONE], commits: 1 };
}

function undone(connection: ThreadConnection, outcome: Outcome): ThreadReply {
  endTransaction(connection);
  return { outcomes: [outcome], rollbacks: 1 };
}

/** Restores the state of the connection before the transaction. Throws, which ends the thread, when foreign keys cannot be enforced again. */
function endTransaction(connection: ThreadConnection): void {
  connection.rollback();
  if (isSchemaChange) switchForeignKeys(connection, true);
  forgetTransaction();
}

/** The file may have been closed in one, and the thread serves another file then. */
function forgetTransaction(): void {
  sharedTransaction.end();
  isSchemaChange = false;
  guard = undefined;
}
