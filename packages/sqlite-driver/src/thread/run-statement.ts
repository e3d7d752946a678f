import type { Failure } from '../errors/failure.js';
import { toFailure } from '../errors/failure.js';
import { describeViolation } from '../schema/describe-violation.js';
import type { ResultColumns } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import type { ResultSink } from './result-sink.js';
import type { Prepared, ThreadConnection } from './thread-connection.js';
import type { Outcome, ThreadStatement } from './thread-protocol.js';

/** Takes the rows of a result, one by one. */
export type RowTarget = Pick<ResultSink, 'begin' | 'add' | 'addAll' | 'last'>;

/** Runs one statement and hands its rows to `target`. Never throws: an error is an outcome. */
export function runStatement(
  connection: ThreadConnection,
  statement: ThreadStatement,
  member: number,
  target: RowTarget,
): Outcome {
  let prepared: Prepared;
  try {
    prepared = connection.prepare(statement.sql);
  } catch (error) {
    return { kind: 'failure', failure: toFailure(error, 'prepare') };
  }
  try {
    const parameters = connection.bind(statement);
    if (prepared.columns === undefined) return runWithoutRows(prepared, parameters);
    return runWithRows(connection, prepared, prepared.columns, { ...statement, parameters }, member, target);
  } catch (error) {
    return { kind: 'failure', failure: runFailure(connection, statement, error) };
  } finally {
    if (prepared.changesSchema) connection.refreshSchema();
  }
}

/** Looks at what the statement left behind first: finding out more would change it. */
function runFailure(connection: ThreadConnection, statement: ThreadStatement, error: unknown): Failure {
  const failure = connection.explain(toFailure(error, 'run'));
  if (failure.code === undefined) return failure;
  const withWork = { ...failure, leftWork: connection.inTransaction && connection.changes() > 0 };
  return connection.isPortable ? describeViolation(connection, withWork, statement) : withWork;
}

function runWithoutRows({ statement }: Prepared, parameters: readonly SqliteValue[]): Outcome {
  const { changes, lastInsertRowid } = statement.run(...parameters);
  return { kind: 'result', last: undefined, changes, lastInsertId: lastInsertRowid };
}

function runWithRows(
  connection: ThreadConnection,
  { statement, isReadonly, narrowed }: Prepared,
  columns: ResultColumns,
  { parameters, isShort }: Pick<ThreadStatement, 'isShort' | 'parameters'>,
  member: number,
  target: RowTarget,
): Outcome {
  target.begin(member, columns);
  // What a write returns is kept until it is committed, however long.
  if (isShort || !isReadonly) {
    const rows = statement.all(...parameters);
    for (const row of rows) narrow(row, narrowed);
    target.addAll(rows);
  } else {
    for (const row of statement.iterate(...parameters)) {
      narrow(row, narrowed);
      if (!target.add(row)) return { kind: 'dropped' };
    }
  }
  const changes = isReadonly ? 0 : connection.changes();
  return { kind: 'result', last: target.last(), changes, lastInsertId: undefined };
}

function narrow(row: SqliteValue[], narrowed: readonly number[]): void {
  for (const index of narrowed) row[index] = toSafeNumber(row[index]);
}

/** A whole number as a number where it is exact. */
export function toSafeNumber(value: SqliteValue | undefined): SqliteValue {
  if (typeof value !== 'bigint') return value ?? null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
