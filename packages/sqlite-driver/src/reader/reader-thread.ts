import type { Failure } from '../errors/failure.js';
import { changedFailure, isBusy, toFailure } from '../errors/failure.js';
import { statementKind } from '../sql/statement.js';
import { ResultSink } from '../thread/result-sink.js';
import { runStatement } from '../thread/run-statement.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { Outcome, ThreadStatement } from '../thread/thread-protocol.js';
import { DONE } from '../thread/thread-protocol.js';
import { serveThread } from '../thread/thread-server.js';

/** Delay of a retry, when another process recovers the WAL. */
const RETRY_MS = 2;

const DROPPED: Outcome = { kind: 'dropped' };
const NOT_READ: Outcome = { kind: 'not_read' };

serveThread((request, connection, flags) => {
  switch (request.op) {
    case 'read':
      return { outcomes: [read(connection, flags, request)] };
    case 'probe':
      return { outcomes: [onlyReads(connection, request.sql) ? DONE : NOT_READ] };
    case 'run':
      return {
        outcomes: [request.enters ? enter(connection, flags, request) : run(connection, flags, request)],
      };
    case 'commit':
    case 'rollback':
      connection.rollback();
      return { outcomes: [DONE] };
    default:
      throw new Error(`A reader was asked to ${request.op}.`);
  }
});

interface Read {
  readonly statement: ThreadStatement;
  readonly batchSize: number;
}

/** Runs one statement on a snapshot of its own. */
function read(
  connection: ThreadConnection,
  flags: ThreadFlags,
  request: Read & { readonly probe: boolean },
): Outcome {
  const begun = begin(connection, flags, true);
  if (begun.kind !== 'result') return begun;
  const isRead = !request.probe || onlyReads(connection, request.statement.sql);
  const outcome: Outcome = isRead ? run(connection, flags, request) : NOT_READ;
  connection.control('rollback');
  return outcome;
}

/** Runs the first statement of a transaction, which takes its snapshot, or a savepoint before it, which takes none. */
function enter(connection: ThreadConnection, flags: ThreadFlags, request: Read): Outcome {
  const begun = begin(connection, flags, statementKind(request.statement.sql) !== 'savepoint');
  return begun.kind === 'result' ? run(connection, flags, request) : begun;
}

/** Whether a statement only reads. One that cannot be prepared counts as a read, so that running it reports the error. */
function onlyReads(connection: ThreadConnection, sql: string): boolean {
  try {
    const { isReadonly, columns } = connection.prepare(sql);
    return isReadonly && columns !== undefined;
  } catch {
    return true;
  }
}

function run(connection: ThreadConnection, flags: ThreadFlags, { statement, batchSize }: Read): Outcome {
  if (!connection.files.wasInPlace()) return { kind: 'failure', failure: changedFailure('run') };
  return runStatement(connection, statement, 0, new ResultSink(flags, batchSize));
}

/** Begins a transaction, unless it has begun. SQLite takes the snapshot at the first read: here of the schema's version. */
function begin(connection: ThreadConnection, flags: ThreadFlags, takesSnapshot: boolean): Outcome {
  const isWanted = (): boolean => !flags.isCancelled(0);
  while (isWanted()) {
    const failure = tryBegin(connection, takesSnapshot);
    if (failure === undefined) return DONE;
    if (!isBusy(failure)) return { kind: 'failure', failure };
    flags.sleepWhile(isWanted, RETRY_MS);
  }
  return DROPPED;
}

function tryBegin(connection: ThreadConnection, takesSnapshot: boolean): Failure | undefined {
  try {
    if (!connection.inTransaction) connection.begin('begin');
    if (takesSnapshot) connection.refreshSchema();
    return undefined;
  } catch (error) {
    const failure = toFailure(error, 'run');
    connection.rollback();
    return failure;
  }
}
