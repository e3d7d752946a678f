import { invalidQuery } from '../errors/invalid-query.js';
import { keyIdentity } from './key-identity.js';
import type { EncodedRow } from './row-encoder.js';
import type { TableShape } from './table-shape.js';

/** What becomes of a row whose key exists: it is left out, or the existing one is updated. `update` is the caller's, as of an upsert. */
export type OnConflict = 'ignore' | { readonly update: unknown };

/** Parses `onConflict`, which may come untyped. @throws UsageError `invalid_query`. */
export function parseConflict(onConflict: unknown): OnConflict {
  if (onConflict === 'ignore') return onConflict;
  if (onConflict === 'update') return { update: undefined };
  if (typeof onConflict === 'object' && onConflict !== null && Object.keys(onConflict).join() === 'update')
    return onConflict as OnConflict;
  throw invalidQuery("`onConflict` is 'ignore', 'update' or an object `{ update: … }`");
}

/**
 * Splits rows so that no statement has two with the same key, which PostgreSQL refuses: each row then finds what the rows before it have stored. Where the engine
 * alone knows which keys are equal, each row gets a statement of its own.
 */
export function withoutRepeatedKeys(shape: TableShape, rows: readonly EncodedRow[]): EncodedRow[][] {
  if (shape.hasForeignKey) return rows.map((row) => [row]);
  const runs: EncodedRow[][] = [];
  let run: EncodedRow[] = [];
  let keys = new Set<string>();
  for (const row of rows) {
    const key = identity(shape, row);
    if (keys.has(key)) {
      runs.push(run);
      run = [];
      keys = new Set();
    }
    run.push(row);
    keys.add(key);
  }
  return run.length > 0 ? [...runs, run] : runs;
}

function identity(shape: TableShape, { form, values }: EncodedRow): string {
  return keyIdentity(shape.key.map((column) => values[form.columns.indexOf(column)]));
}
