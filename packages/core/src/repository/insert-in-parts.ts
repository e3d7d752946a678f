import type { ExecuteOptions, Statement } from '../driver/driver.js';
import { executeAll, type StatementRunner } from './statement-runner.js';

/** How many rows are encoded in one part, before the event loop runs again. */
export const ROWS_PER_PART = 1000;

/** Makes the statements that store rows. */
export type EncodeRows = (rows: readonly unknown[]) => Statement[];

/** Runs statements one after the other and returns the number of inserted rows. */
export async function insertAll(
  runner: StatementRunner,
  statements: readonly Statement[],
  options: ExecuteOptions,
): Promise<number> {
  const results = await executeAll(runner, statements, options);
  return results.reduce((inserted, { affectedRows }) => inserted + affectedRows, 0);
}

/**
 * Encodes each part of `rows` while the part before it is stored. It needs a transaction of its own, so that a row that is refused undoes the
 * parts before it.
 */
export async function insertInParts(
  runner: StatementRunner,
  encode: EncodeRows,
  rows: readonly unknown[],
  options: ExecuteOptions,
): Promise<number> {
  let inserted = 0;
  let running = Promise.resolve(0);
  for (const part of partsOf(rows)) {
    const made = encode(part);
    inserted += await running;
    running = insertAll(runner, made, options);
    // Awaited in the next round or below. When encoding the next part throws, that error is the one to report.
    running.catch(() => {});
  }
  return inserted + (await running);
}

/** Encodes all of `rows` before any is stored, so that a row that is refused has no effect on the transaction that the caller goes on with. */
export async function encodeInParts(encode: EncodeRows, rows: readonly unknown[]): Promise<Statement[]> {
  const made: Statement[] = [];
  for (const part of partsOf(rows)) {
    if (made.length > 0) await new Promise((resolve) => setImmediate(resolve));
    made.push(...encode(part));
  }
  return made;
}

function* partsOf(rows: readonly unknown[]): Generator<readonly unknown[]> {
  for (let at = 0; at < rows.length; at += ROWS_PER_PART) yield rows.slice(at, at + ROWS_PER_PART);
}
