import { type Failure, ROWS_VANISHED } from '../errors/failure.js';
import { quote } from '../sql/quoting.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { Outcome } from '../thread/thread-protocol.js';
import { effectOf, type TableEffect } from './row-effect.js';

/** What is known of the rows at one moment; tables are in lower case. */
interface Tally {
  /** The fewest rows that a table which refers to another must have. */
  readonly expected: Map<string, number>;
  /** The same for such tables that were dropped, perhaps to be made anew. */
  readonly dropped: Map<string, number>;
  /** Rows that were deleted from any table. */
  readonly deleted: Map<string, number>;
}

/**
 * Watches, during a schema change, the tables that refer to others: their rows must not vanish by what happens to a parent, nor in a copy that
 * is one row short. What the migration's own statements delete, or drop with its table, is its own affair; what triggers delete is not.
 */
export class ChildRowGuard {
  readonly #connection: ThreadConnection;
  #tally: Tally | undefined;
  readonly #savepoints: { readonly name: string; readonly tally: Tally }[] = [];

  constructor(connection: ThreadConnection) {
    this.#connection = connection;
  }

  /** Whether a statement was run that can change rows. Until then nothing was counted, and nothing needs to be checked. */
  get isArmed(): boolean {
    return this.#tally !== undefined;
  }

  /** Called before each statement: the first that can change rows has them counted. */
  expect(sql: string): void {
    if (this.#tally === undefined && !isHarmless(this.#connection, sql))
      this.#tally = count(this.#connection);
  }

  /** Called after each statement with what became of it. */
  note(sql: string, outcome: Outcome): void {
    if (this.#tally === undefined || outcome.kind !== 'result') return;
    const effect = effectOf(sql);
    if (effect === undefined) return;
    if ('table' in effect) apply(this.#tally, effect, outcome.changes);
    else if (effect.kind === 'rollback_to') this.#restore(effect.name);
    else this.#savepoints.push({ name: effect.name, tally: copy(this.#tally) });
  }

  /** The failure of a COMMIT that would lose rows; `undefined` when all are there. */
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

/** Reading takes nothing away, and neither does creating: a start with nothing to migrate does no more. */
function isHarmless(connection: ThreadConnection, sql: string): boolean {
  if (/^\s*create\b/i.test(sql)) return true;
  try {
    return connection.prepare(sql).isReadonly;
  } catch {
    // The statement itself will say what is wrong with it.
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
      // It deletes rows that nobody counts.
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

/** `undefined` when there is no such table. */
function countRows(connection: ThreadConnection, table: string): number | undefined {
  const [found] = connection.rows(
    `select 1 as found from sqlite_schema where type = 'table' and lower(name) = ?`,
    table,
  );
  if (found === undefined) return undefined;
  const sql = `select count(*) as count from ${quote(table)}`;
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
