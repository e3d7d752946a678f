import type { ExecuteOptions, RowLookup } from '@sluice/core';
import { quoteIdentifier, quoteTable } from '../sql/quoting.js';
import type { PooledConnection } from '../transaction/pooled-connection.js';
import { arrayType, columnArray, fitsArray } from '../values/array.js';
import { RowDecoder } from '../values/rows.js';
import type { BatchPlan, RunBatch } from './call-group.js';
import { answerWith, type JoinedCall } from './joined-call.js';

/** The maximum number of keys of one batch. */
const MAX_KEYS = 512;

/** Whether lookups of this form can be combined. */
export function canJoinLookups({ key }: RowLookup): boolean {
  return key.every(fitsArray);
}

/**
 * Answers many lookups by one join of the table with the numbered keys. PostgreSQL's own equality finds the row, and the number identifies the call. Two
 * calls with the same key get a row each.
 */
export class LookupPlan implements BatchPlan {
  readonly mode = 'read';
  readonly isPaused = false;
  readonly #lookup: RowLookup;
  readonly #text: string;
  readonly #run: RunBatch;

  constructor(lookup: RowLookup, run: RunBatch) {
    this.#lookup = lookup;
    this.#run = run;
    this.#text = lookupText(lookup);
  }

  take(waiting: JoinedCall[], count: number): JoinedCall[] {
    return waiting.splice(0, Math.min(count, MAX_KEYS));
  }

  async run(batch: readonly JoinedCall[], pooled: PooledConnection, signal: AbortSignal): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const arrays = this.#lookup.key.map((column, index) =>
      columnArray(
        column,
        batch.map(({ bound }) => bound[index]),
      ),
    );
    const options: ExecuteOptions = { signal, deadline: latest(batch) };
    const { fields, rows } = await this.#run(
      pooled,
      { mode: this.mode, text: this.#text, parameters: arrays, first: first.statement },
      options,
    );
    const decoder = RowDecoder.of(fields, 'portable', 1);
    for (const row of rows) {
      const call = batch[Number(row.text(0)) - 1];
      if (call !== undefined && !call.isSettled)
        answerWith(call, () => ({ rows: [decoder.decode(row)], affectedRows: 0 }));
    }
    for (const call of batch) if (!call.isSettled) call.resolve({ rows: [], affectedRows: 0 });
  }
}

function lookupText(lookup: RowLookup): string {
  const { key } = lookup;
  const arrays = key.map((column, index) => `$${index + 1}::${arrayType(column)}`).join(', ');
  const names = key.map((_, index) => `key${index}`);
  const matches = key.map(({ name }, index) => `found.${quoteIdentifier(name)} = wanted.${names[index]}`);
  return (
    `select wanted.number, found.* from unnest(${arrays}) with ordinality as wanted(${names.join(', ')}, number) ` +
    `join ${quoteTable(lookup)} as found on ${matches.join(' and ')}`
  );
}

function latest(batch: readonly JoinedCall[]): number {
  return batch.reduce((most, { deadline }) => Math.max(most, deadline), 0);
}
