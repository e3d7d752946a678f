import {
  type BeginOptions,
  type Database,
  type DatabaseSession,
  type DatabaseTransaction,
  type ExecuteOptions,
  type Row,
  type Statement,
  type StatementResult,
  UsageError,
} from '@sluice/core';
import { withoutLeadingComments } from '../sql/statement.js';

/** A database without sessions of its own. */
type Calls = Pick<Database, 'begin' | 'execute' | 'stream'>;

/**
 * A `connection()` in which a table can be rebuilt as SQLite advises (https://sqlite.org/lang_altertable.html, the twelve steps), which begins with `pragma
 * foreign_keys = off` and ends with `pragma foreign_keys = on`. What runs in between is one change of the schema, of which the connection holds the writer: all of it
 * is committed with the second pragma, after a check of every foreign key, or nothing is. A transaction in between is a savepoint of it.
 */
export class RebuildingSession implements DatabaseSession {
  readonly #database: Calls;
  #change: DatabaseTransaction | undefined;

  constructor(database: Calls) {
    this.#database = database;
  }

  get isHeld(): boolean {
    return this.#change !== undefined;
  }

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const change = this.#change;
    const enforces = foreignKeysOf(statement.sql);
    if (enforces === false && change === undefined) {
      this.#change = await this.#database.begin({ ...options, access: 'write', isSchemaChange: true });
      return NOTHING;
    }
    if (change === undefined) return this.#database.execute(statement, options);
    if (enforces === undefined) return change.execute(statement, options);
    if (!enforces) return NOTHING;
    this.#change = undefined;
    await change.commit();
    return NOTHING;
  }

  stream(statement: Statement, batchSize: number, options: ExecuteOptions): AsyncIterable<readonly Row[]> {
    return (this.#change ?? this.#database).stream(statement, batchSize, options);
  }

  async begin(options: BeginOptions): Promise<DatabaseTransaction> {
    const change = this.#change;
    if (change === undefined) return this.#database.begin(options);
    if (options.access === 'read')
      throw invalid('While foreign keys are switched off, a transaction cannot be read-only.', options);
    const control = async (sql: string): Promise<void> => {
      await change.execute({ sql, parameters: [], access: 'unknown' }, options);
    };
    await control('savepoint sluice_inner');
    return {
      execute: (statement, how) => change.execute(statement, how),
      stream: (statement, batchSize, how) => change.stream(statement, batchSize, how),
      commit: () => control('release savepoint sluice_inner'),
      rollback: async () => {
        await control('rollback to savepoint sluice_inner');
        await control('release savepoint sluice_inner');
      },
    };
  }

  /** @throws UsageError `invalid_query` when foreign keys are still off; what ran since is rolled back. */
  async release(): Promise<void> {
    const change = this.#change;
    if (change === undefined) return;
    this.#change = undefined;
    await change.rollback();
    throw invalid(
      'The foreign keys were switched off and not on again, so what ran since was rolled back. End it with `pragma foreign_keys = on`.',
      {},
    );
  }
}

const NOTHING: StatementResult = { rows: [], affectedRows: 0 };

const FOREIGN_KEYS =
  /^pragma\s+(?:main\s*\.\s*)?foreign_keys\s*(?:=\s*|\(\s*)['"]?(\w+)['"]?\s*\)?\s*;?\s*$/i;

/** Whether a pragma switches the foreign keys on or off; `undefined` for another statement. */
function foreignKeysOf(sql: string): boolean | undefined {
  const value = FOREIGN_KEYS.exec(withoutLeadingComments(sql))?.[1]?.toLowerCase();
  if (value === undefined) return undefined;
  if (['0', 'false', 'no', 'off'].includes(value)) return false;
  return ['1', 'on', 'true', 'yes'].includes(value) ? true : undefined;
}

function invalid(message: string, { label: operation }: ExecuteOptions): UsageError {
  return new UsageError('invalid_query', message, { operation });
}
