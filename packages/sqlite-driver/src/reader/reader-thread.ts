import type { Failure } from '../errors/failure.js';
import { changedFailure, isBusy, toFailure } from '../errors/failure.js';
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
    case 'begin':
      return { outcomes: [beginSnapshot(connection, flags)] };
    case 'run':
      return { outcomes: [run(connection, flags, request)] };
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
  const begun = beginSnapshot(connection, flags);
  if (begun.kind !== 'result') return begun;
  const isRead = !request.probe || onlyReads(connection, request.statement.sql);
  const outcome: Outcome = isRead ? run(connection, flags, request) : NOT_READ;
  connection.control('rollback');
  return outcome;
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

/** Begins a transaction and reads the schema version: SQLite takes the snapshot at the first read. */
function beginSnapshot(connection: ThreadConnection, flags: ThreadFlags): Outcome {
  const isWanted = (): boolean => !flags.isCancelled(0);
  while (isWanted()) {
    const failure = tryBegin(connection);
    if (failure === undefined) return DONE;
    if (!isBusy(failure)) return { kind: 'failure', failure };
    flags.sleepWhile(isWanted, RETRY_MS);
  }
  return DROPPED;
}

function tryBegin(connection: ThreadConnection): Failure | undefined {
  try {
    connection.begin('begin');
    connection.refreshSchema();
    return undefined;
  } catch (error) {
    const failure = toFailure(error, 'run');
    connection.rollback();
    return failure;
  }
}
