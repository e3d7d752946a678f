import { type CallOptions, toExecuteOptions } from '../call/call-options.js';
import type { ExecuteOptions } from '../driver/driver.js';
import { UsageError } from '../errors/usage-errors.js';

/** Long, because a migration of a large table takes long and processes wait for each other. */
const DEFAULT_TIMEOUT_MS = 3_600_000;

/** Short, because all later statements on the table wait while one waits for its lock. */
const DEFAULT_LOCK_TIMEOUT_MS = 2_000;

/** Options of the methods that run migrations. `timeoutMs` is the time of the whole call, by default one hour. */
export interface MigrateOptions extends CallOptions {
  /**
   * How long a statement of a migration may wait for a lock, in milliseconds, while all that comes after it waits too. Then the migration is undone and made
   * again after a pause, until the deadline of the call. 0: as long as the server allows. Default 2,000. A migration without a transaction cannot be undone:
   * for it the default is 0, and it fails where a limit is given.
   */
  readonly lockTimeoutMs?: number | undefined;
  /** After how many milliseconds a statement of a migration ends, so that the migration fails. Default: none but the deadline of the call. */
  readonly statementTimeoutMs?: number | undefined;
}

/** How a change of the schema runs. */
export interface SchemaChange {
  readonly execute: ExecuteOptions;
  /** Default: no limit. */
  readonly lockTimeoutMs?: number | undefined;
  /** The longest time of one statement, in milliseconds. Default: no limit. */
  readonly statementTimeoutMs?: number | undefined;
}

/** The options of a call that runs migrations, in their transactions and outside of them. @throws UsageError `invalid_query` for a time that is none. */
export function toSchemaChanges(
  options: MigrateOptions = {},
): Readonly<Record<'inTransaction' | 'outside', SchemaChange>> {
  const { lockTimeoutMs, statementTimeoutMs, ...call } = options;
  assertTime('lockTimeoutMs', lockTimeoutMs, 0);
  assertTime('statementTimeoutMs', statementTimeoutMs, 1);
  const outside = { ...toSchemaChange(call), lockTimeoutMs, statementTimeoutMs };
  return { outside, inTransaction: { ...outside, lockTimeoutMs: lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS } };
}

/** The options of a call that reads or writes only the records of the migrations. */
export function toSchemaChange(options: CallOptions = {}): SchemaChange {
  return { execute: toExecuteOptions(options, DEFAULT_TIMEOUT_MS, 'migrate') };
}

/** The options of the next statement of a schema change. */
export function toStatementOptions({ execute, statementTimeoutMs }: SchemaChange): ExecuteOptions {
  if (statementTimeoutMs === undefined) return execute;
  const { deadline = Number.POSITIVE_INFINITY } = execute;
  return { ...execute, deadline: Math.min(deadline, performance.now() + statementTimeoutMs) };
}

function assertTime(name: string, ms: number | undefined, least: number): void {
  if (ms === undefined || (Number.isSafeInteger(ms) && ms >= least)) return;
  throw new UsageError('invalid_query', `\`${name}\` must be a whole number of milliseconds from ${least}.`);
}
