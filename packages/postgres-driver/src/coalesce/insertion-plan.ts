import {
  type CatalogColumn,
  CommitUnknownError,
  ConflictError,
  ConstraintError,
  type ExecuteOptions,
  type RowInsertion,
  ValueError,
  type ValueTypeName,
} from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import { commitUnknownError } from '../errors/errors.js';
import { quoteIdentifier, quoteLiteral } from '../sql/identifier.js';
import type { PooledConnection } from '../transaction/pooled-connection.js';
import { arrayType, columnArray, fitsArray } from '../values/array.js';
import type { RawResult } from '../values/raw-result.js';
import { RowDecoder } from '../values/rows.js';
import type { BatchPlan, RunBatch } from './call-group.js';
import { answerWith, type JoinedCall } from './joined-call.js';

/** Most rows of one batch. */
const MOST_ROWS = 512;

/**
 * How long a batch may take, in milliseconds. It may be waiting for a transaction that holds one of its keys, which is no matter of the other
 * callers; then nothing of it is done, and each goes on by itself.
 */
const PATIENCE_MS = 250;

/** After so many batches in a row that stored nothing, each row goes singly for {@link PAUSE_MS}. */
const MOST_FRUITLESS = 3;

const PAUSE_MS = 60_000;

/** Key types whose text comes back from the server as it was sent, so that it tells whose row it is. */
const ECHOED: ReadonlySet<ValueTypeName> = new Set([
  'bigint',
  'date',
  'integer',
  'smallint',
  'text',
  'uuid',
  'varchar',
]);

/** Whether insertions of this form can go together: each row must be known again by the key that its caller gave. */
export function canJoinInsertions({ columns, key, isReturning }: RowInsertion): boolean {
  const isKnown = (part: CatalogColumn): boolean =>
    part.type !== undefined &&
    ECHOED.has(part.type.name) &&
    columns.some((column) => column.name === part.name);
  return isReturning && key.every(isKnown) && columns.every(fitsArray);
}

/**
 * Stores the rows of many callers by one statement. A row whose key is taken is left out and its neighbours are stored; its caller then inserts
 * it singly and gets the error that is its own. A row that breaks the statement in another way makes the batch fall into halves, until the
 * row is alone.
 *
 * A trigger before the insert, or a rule, could change or drop rows; where there is one the statement stores nothing.
 */
export class InsertionPlan implements BatchPlan {
  readonly mode = 'write';
  readonly #insertion: RowInsertion;
  readonly #text: string;
  readonly #run: RunBatch;
  #fruitless = 0;
  #pausedUntil = 0;
  /** Where the key's values are among a row's parameters. */
  readonly #keyAt: readonly number[];

  constructor(insertion: RowInsertion, run: RunBatch) {
    this.#insertion = insertion;
    this.#run = run;
    this.#text = insertionText(insertion);
    this.#keyAt = insertion.key.map(({ name }) =>
      insertion.columns.findIndex((column) => column.name === name),
    );
  }

  /** No two rows of one key: the second one waits, to find out what became of the first. */
  take(waiting: JoinedCall[], count: number): JoinedCall[] {
    const keys = new Set<string>();
    const taken: JoinedCall[] = [];
    const left: JoinedCall[] = [];
    for (const call of waiting.splice(0)) {
      const key = this.#keyOf(call.bound);
      if (taken.length >= Math.min(count, MOST_ROWS) || keys.has(key)) {
        left.push(call);
        continue;
      }
      keys.add(key);
      taken.push(call);
    }
    waiting.push(...left);
    return taken;
  }

  async run(batch: readonly JoinedCall[], { connection }: PooledConnection): Promise<void> {
    for (const call of batch) call.mayLeave = false;
    if (batch.length > 1) this.#fruitless = (await this.#store(batch, connection)) ? 0 : this.#fruitless + 1;
    if (this.#fruitless < MOST_FRUITLESS) return;
    this.#fruitless = 0;
    this.#pausedUntil = performance.now() + PAUSE_MS;
  }

  /** Whether the table takes no batches, so that it is not worth a try for a while. */
  get isPaused(): boolean {
    return performance.now() < this.#pausedUntil;
  }

  /** Gives whether a row was stored. A call that is not over afterwards has stored nothing. */
  async #store(batch: readonly JoinedCall[], connection: PostgresConnection): Promise<boolean> {
    // A single one is better off with its own statement, whose error is its own.
    if (batch.length <= 1) return false;
    try {
      return this.#answer(batch, await this.#insert(batch, connection));
    } catch (error) {
      if (error instanceof CommitUnknownError) leaveUnknown(batch, error.cause);
      else if (isOfOneRow(error)) return this.#storeHalves(batch, connection);
      return false;
    }
  }

  async #storeHalves(batch: readonly JoinedCall[], connection: PostgresConnection): Promise<boolean> {
    const middle = Math.ceil(batch.length / 2);
    const first = await this.#store(batch.slice(0, middle), connection);
    const second = await this.#store(batch.slice(middle), connection);
    return first || second;
  }

  #insert(batch: readonly JoinedCall[], connection: PostgresConnection): Promise<RawResult> {
    const arrays = this.#insertion.columns.map((column, index) =>
      columnArray(
        column,
        batch.map(({ bound }) => bound[index]),
      ),
    );
    const options: ExecuteOptions = { deadline: performance.now() + PATIENCE_MS };
    return this.#run(connection, { mode: this.mode, text: this.#text, parameters: arrays }, options);
  }

  #answer(batch: readonly JoinedCall[], { fields, rows }: RawResult): boolean {
    const calls = new Map(batch.map((call) => [this.#keyOf(call.bound), call]));
    const places = this.#insertion.key.map(({ name }) => fields.findIndex((field) => field.name === name));
    const decoder = RowDecoder.of(fields, 'portable');
    let isKnown = true;
    for (const row of rows) {
      const call = calls.get(identity(places.map((place) => row.text(place))));
      if (call === undefined) isKnown = false;
      else answerWith(call, () => ({ rows: [decoder.decode(row)], affectedRows: 1 }));
    }
    // The statement refuses tables where this could happen; one that changes just now must not store a row twice.
    if (!isKnown) leaveUnknown(batch, undefined);
    return rows.length > 0;
  }

  #keyOf(bound: JoinedCall['bound']): string {
    return identity(this.#keyAt.map((place) => bound[place]));
  }
}

/** One text for the values of a key; texts hold no U+0000. */
function identity(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : values.join('\0');
}

/** Failures that another row of the batch, or nobody in particular, may be to blame for; nothing was stored. */
function isOfOneRow(error: unknown): boolean {
  return error instanceof ConstraintError || error instanceof ValueError || error instanceof ConflictError;
}

function leaveUnknown(batch: readonly JoinedCall[], cause: unknown): void {
  for (const call of batch) {
    if (!call.isOver) call.reject(commitUnknownError(cause, call.options.label));
  }
}

function insertionText({ table, columns }: RowInsertion): string {
  const name = quoteIdentifier(table);
  const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const arrays = columns.map((column, index) => `$${index + 1}::${arrayType(column)}`).join(', ');
  const place = `${quoteLiteral(name)}::pg_catalog.regclass`;
  return (
    `insert into ${name} (${names}) select * from unnest(${arrays}) ` +
    `where exists (select from pg_catalog.pg_class where oid = ${place} and relkind = 'r' and not relhasrules) ` +
    `and not exists (select from pg_catalog.pg_trigger where tgrelid = ${place} and not tgisinternal and tgtype & 7 = 7) ` +
    'on conflict do nothing returning *'
  );
}
