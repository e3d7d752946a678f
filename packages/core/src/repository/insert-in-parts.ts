import type { ExecuteOptions, Statement } from '../driver/driver.js';
import type { RepositoryStatements } from './repository-statements.js';
import type { StatementRunner } from './statement-runner.js';

/** How many rows are encoded without letting the event loop turn. */
export const ROWS_PER_TURN = 1000;

/** Runs statements one after the other and gives the sum of their rows. */
export async function insertAll(
  runner: StatementRunner,
  statements: readonly Statement[],
  options: ExecuteOptions,
): Promise<number> {
  let inserted = 0;
  for (const statement of statements) inserted += (await runner.execute(statement, options)).affectedRows;
  return inserted;
}

/**
 * Encodes a part of `rows` while the part before it is stored. Only where a row that is refused undoes the parts before it: in a transaction
 * of its own.
 */
export async function insertInParts(
  runner: StatementRunner,
  statements: RepositoryStatements,
  rows: readonly unknown[],
  options: ExecuteOptions,
): Promise<number> {
  let inserted = 0;
  let running = Promise.resolve(0);
  for (const part of partsOf(rows)) {
    const made = statements.insertMany(part);
    inserted += await running;
    running = insertAll(runner, made, options);
    // Awaited above or below, unless the next part is refused: then that is the error to tell.
    running.catch(() => {});
  }
  return inserted + (await running);
}

/** Encodes all of `rows` before any is stored: a row that is refused leaves nothing behind, also in a transaction that goes on. */
export async function encodeInParts(
  statements: RepositoryStatements,
  rows: readonly unknown[],
): Promise<Statement[]> {
  const made: Statement[] = [];
  for (const part of partsOf(rows)) {
    if (made.length > 0) await new Promise((resolve) => setImmediate(resolve));
    made.push(...statements.insertMany(part));
  }
  return made;
}

function* partsOf(rows: readonly unknown[]): Generator<readonly unknown[]> {
  for (let at = 0; at < rows.length; at += ROWS_PER_TURN) yield rows.slice(at, at + ROWS_PER_TURN);
}
