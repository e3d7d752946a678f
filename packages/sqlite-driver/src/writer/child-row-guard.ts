import { type Failure, ROWS_VANISHED } from '../errors/failure.js';
import { quoteIdentifier } from '../sql/quoting.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { Outcome } from '../thread/thread-protocol.js';
import { effectOf, type TableEffect } from './row-effect.js';

/** The numbers of rows at one moment, by table name in lower case. */
interface Tally {
  /** The number of rows that each child table, a table with foreign keys, must still have at COMMIT. */
  readonly expected: Map<string, number>;
  /** The same for child tables that were dropped, perhaps to be created again. */
  readonly dropped: Map<string, number>;
  /** How many rows were deleted from each table. */
  readonly deleted: Map<string, number>;
}

/**
 * Detects, during a schema change, that child tables lose rows: because a parent row or table is deleted (a cascade), because of a trigger, or because a
 * copy of the table is incomplete. Rows that the migration's own statements delete, or drop with their table, are allowed.
 */
export class ChildRowGuard {
  readonly #connection: ThreadConnection;
  #tally: Tally | undefined;
  readonly #savepoints: { readonly name: string; readonly tally: Tally }[] = [];

  constructor(connection: ThreadConnection) {
    this.#connection = connection;
  }

  /** Whether a statement has run that can change rows. Before that nothing is counted and nothing needs to be checked. */
  get isArmed(): boolean {
    return this.#tally !== undefined;
  }

  /** Call it before each statement. Counts the rows before the first statement that can change them. */
  expect(sql: string): void {
    if (this.#tally === undefined && !isHarmless(this.#connection, sql))
      this.#tally = count(this.#connection);
  }

  /** Call it after each statement with its outcome. */
  note(sql: string, outcome: Outcome): void {
    if (this.#tally === undefined || outcome.kind !== 'result') return;
    const effect = effectOf(sql);
    if (effect === undefined) return;
    if ('table' in effect) apply(this.#tally, effect, outcome.changes);
    else if (effect.kind === 'rollback_to') this.#restore(effect.name);
    else this.#savepoints.push({ name: effect.name, tally: copy(this.#tally) });
  }

  /** The failure of a COMMIT that would lose rows; `undefined` when no rows are missing. */
  findLoss(): Failure | undefined {
    for (const [table, expected] of this.#tally?.expected ?? []) {
      const lost = expected - (countRows(this.#connection, table) ?? expected);
      if (lost > 0) return failureOf(table, lost);
    }
    return undefined;
  }

  #restore(name: string): void {
    const savepoint = this.#savepoints.findLast((each) => each.name === name);
    if (savepoint !== undefined) this.#tally = copy(savepoint.tally);
  }
}

/** Whether a statement cannot remove rows: it reads or creates. A start without migrations runs only such statements. */
function isHarmless(connection: ThreadConnection, sql: string): boolean {
  if (/^\s*create\b/i.test(sql)) return true;
  try {
    return connection.prepare(sql).isReadonly;
  } catch {
    // Running the statement reports the error.
    return true;
  }
}

function apply({ expected, dropped, deleted }: Tally, effect: TableEffect, changes: number): void {
  const { table } = effect;
  const rows = expected.get(table);
  switch (effect.kind) {
    case 'delete':
      if (rows !== undefined) expected.set(table, rows - changes);
      deleted.set(table, (deleted.get(table) ?? 0) + changes);
      break;
    case 'insert':
      if (rows !== undefined) expected.set(table, rows + changes);
      break;
    case 'replace':
      // REPLACE deletes rows without reporting how many.
      expected.delete(table);
      deleted.set(table, Number.POSITIVE_INFINITY);
      break;
    case 'drop':
      if (rows !== undefined) dropped.set(table, rows);
      expected.delete(table);
      deleted.delete(table);
      break;
    case 'rename': {
      const remade = dropped.get(effect.to);
      if (remade !== undefined) expected.set(effect.to, remade - (deleted.get(table) ?? 0));
      else if (rows !== undefined) expected.set(effect.to, rows);
      expected.delete(table);
      break;
    }
  }
}

function count(connection: ThreadConnection): Tally {
  const children = connection.rows<{ name: string }>(
    `select lower(name) as name from sqlite_schema
     where type = 'table' and exists (select 1 from pragma_foreign_key_list(sqlite_schema.name))`,
  );
  const expected = new Map(children.map(({ name }) => [name, countRows(connection, name) ?? 0]));
  return { expected, dropped: new Map(), deleted: new Map() };
}

/** The number of rows; `undefined` when there is no such table. */
function countRows(connection: ThreadConnection, table: string): number | undefined {
  const [found] = connection.rows(
    `select 1 as found from sqlite_schema where type = 'table' and lower(name) = ?`,
    table,
  );
  if (found === undefined) return undefined;
  const sql = `select count(*) as count from ${quoteIdentifier(table)}`;
  return connection.rows<{ count: number }>(sql)[0]?.count;
}

function copy({ expected, dropped, deleted }: Tally): Tally {
  return { expected: new Map(expected), dropped: new Map(dropped), deleted: new Map(deleted) };
}

function failureOf(table: string, lost: number): Failure {
  return {
    code: ROWS_VANISHED,
    name: 'SqliteError',
    message: `${lost} rows of "${table}" would vanish that no statement of the migration deletes.`,
    phase: 'commit',
    details: { table },
  };
}
