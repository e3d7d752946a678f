import type { Failure } from '../errors/failure.js';
import { STALE, toFailure, UNREADABLE } from '../errors/failure.js';
import { describeViolation } from '../schema/describe-violation.js';
import { findUnreadable } from '../values/codecs.js';
import type { ResultColumns } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import type { Prepared } from './prepared.js';
import type { ResultSink } from './result-sink.js';
import type { ThreadConnection } from './thread-connection.js';
import type { Outcome, ThreadStatement } from './thread-protocol.js';

/** Receives the rows of a result. */
export type RowTarget = Pick<ResultSink, 'begin' | 'add' | 'addAll' | 'last'>;

/**
 * Which statements run in a savepoint, to undo what they leave when they fail: all that may leave anything, or only those of which it is to be expected.
 * The others report {@link Failure.leftWork}. Changes of the schema always do.
 */
export type Guarded = 'all' | 'expected';

const STALE_FAILURE: Failure = {
  code: STALE,
  name: 'SqliteError',
  message: 'the schema has changed since the statement was made',
  phase: 'prepare',
};

const SAVEPOINT = 'sluice_statement';

/** Runs one statement and passes its rows to `target`. Never throws: an error becomes an outcome. */
export function runStatement(
  connection: ThreadConnection,
  statement: ThreadStatement,
  member: number,
  target: RowTarget,
  guarded: Guarded = 'expected',
): Outcome {
  const { schemaVersion } = statement;
  if (schemaVersion !== undefined && schemaVersion !== connection.schemaVersion)
    return { kind: 'failure', failure: STALE_FAILURE };
  let prepared: Prepared;
  try {
    prepared = connection.prepare(statement.sql);
  } catch (error) {
    return { kind: 'failure', failure: toFailure(error, 'prepare') };
  }
  const outcome = isGuarded(connection, prepared, guarded)
    ? runGuarded(connection, prepared, statement, member, target)
    : runPlainly(connection, prepared, statement, member, target);
  if (prepared.changesSchema || prepared.isRollbackTo) connection.refreshSchema();
  return outcome;
}

function isGuarded(
  connection: ThreadConnection,
  { leaves, changesSchema, columns, isReadonly }: Prepared,
  guarded: Guarded,
): boolean {
  // What a write returns may be unreadable, which shows when its work is done.
  const mayRefuse = !isReadonly && columns?.types !== undefined;
  const mayLeave = leaves === 'by_design' || ((leaves === 'seldom' || mayRefuse) && guarded === 'all');
  return (mayLeave || changesSchema) && connection.inTransaction;
}

/** Undoes what a failed statement left before its error is described, which runs the statement again. */
function runGuarded(
  connection: ThreadConnection,
  prepared: Prepared,
  statement: ThreadStatement,
  member: number,
  target: RowTarget,
): Outcome {
  connection.control(`savepoint ${SAVEPOINT}`);
  try {
    const outcome = runPrepared(connection, prepared, statement, member, target);
    if (prepared.changesSchema) connection.assertNothingTemporary();
    connection.control(`release ${SAVEPOINT}`);
    return outcome;
  } catch (error) {
    const failure = toFailure(error, 'run');
    if (connection.inTransaction) connection.undoTo(SAVEPOINT, prepared.changesSchema);
    return { kind: 'failure', failure: explained(connection, statement, failure) };
  }
}

function runPlainly(
  connection: ThreadConnection,
  prepared: Prepared,
  statement: ThreadStatement,
  member: number,
  target: RowTarget,
): Outcome {
  try {
    return runPrepared(connection, prepared, statement, member, target);
  } catch (error) {
    const failure = toFailure(error, 'run');
    const { code } = failure;
    const leftWork =
      connection.inTransaction && !prepared.isReadonly && code !== undefined && !UNDONE.has(code);
    return { kind: 'failure', failure: explained(connection, statement, { ...failure, leftWork }) };
  }
}

/** The errors after which SQLite has undone the statement, unless FAIL is said: it is prepared for them. */
const UNDONE: ReadonlySet<string> = new Set([
  'SQLITE_CONSTRAINT_CHECK',
  'SQLITE_CONSTRAINT_FOREIGNKEY',
  'SQLITE_CONSTRAINT_NOTNULL',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT_ROWID',
  'SQLITE_CONSTRAINT_TRIGGER',
  'SQLITE_CONSTRAINT_UNIQUE',
]);

function explained(connection: ThreadConnection, statement: ThreadStatement, plain: Failure): Failure {
  const failure = connection.explain(plain);
  if (failure.code === undefined || !connection.isPortable) return failure;
  return describeViolation(connection, failure, statement);
}

function runPrepared(
  connection: ThreadConnection,
  prepared: Prepared,
  statement: ThreadStatement,
  member: number,
  target: RowTarget,
): Outcome {
  const parameters = connection.bind(statement);
  if (prepared.columns === undefined) return runWithoutRows(prepared, parameters, statement);
  return runWithRows(connection, prepared, prepared.columns, { ...statement, parameters }, member, target);
}

function runWithoutRows(
  { statement, rowNumber }: Prepared,
  parameters: readonly SqliteValue[],
  { isCounted }: ThreadStatement,
): Outcome {
  if (isCounted !== true) rowNumber?.begin();
  const result = statement.run(...parameters);
  const lastInsertId = isCounted === true ? undefined : rowNumber?.end(result);
  return { kind: 'result', last: undefined, changes: result.changes, lastInsertId };
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
    if (!isReadonly && connection.inTransaction) assertReadable(columns, rows);
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

/** Checked before the COMMIT, so that nothing is stored of a write whose result cannot be given to the caller. */
function assertReadable(columns: ResultColumns, rows: readonly SqliteValue[][]): void {
  const found = findUnreadable(columns, rows);
  if (found === undefined) return;
  throw Object.assign(new Error(`${found.message} Nothing was stored.`), {
    code: UNREADABLE,
    details: { columns: [found.name] },
  });
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
