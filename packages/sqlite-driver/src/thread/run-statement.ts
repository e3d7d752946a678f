import type { Failure } from '../errors/failure.js';
import { toFailure } from '../errors/failure.js';
import { describeViolation } from '../schema/describe-violation.js';
import type { ResultColumns } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import type { ResultSink } from './result-sink.js';
import type { Prepared, ThreadConnection } from './thread-connection.js';
import type { Outcome, ThreadStatement } from './thread-protocol.js';

/** Receives the rows of a result. */
export type RowTarget = Pick<ResultSink, 'begin' | 'add' | 'addAll' | 'last'>;

/** Runs one statement and passes its rows to `target`. Never throws: an error becomes an outcome. */
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

/** Reads the number of changed rows first, because describing the violation would change it. */
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
  // The rows that a write returns are kept until it is committed, whatever their number.
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

/** A bigint as a number where that is exact; any other value unchanged. */
export function toSafeNumber(value: SqliteValue | undefined): SqliteValue {
  if (typeof value !== 'bigint') return value ?? null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
