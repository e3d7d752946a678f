import {
  type CatalogColumn,
  CommitUnknownError,
  ConflictError,
  ConstraintError,
  type ExecuteOptions,
  type Row,
  type RowInsertion,
  ValueError,
  type ValueTypeName,
} from '@sluice/core';
import { commitUnknownError } from '../errors/errors.js';
import { quoteIdentifier, quoteLiteral, quoteTable } from '../sql/quoting.js';
import type { PooledConnection } from '../transaction/pooled-connection.js';
import type { UnreadableResults } from '../transaction/unreadable-results.js';
import { arrayType, columnArray, fitsArray } from '../values/array.js';
import type { RawResult } from '../values/raw-result.js';
import { RowDecoder } from '../values/rows.js';
import type { BatchPlan, RunBatch } from './call-group.js';
import { answerWith, type JoinedCall } from './joined-call.js';

/** The maximum number of rows of one batch. */
const MAX_ROWS = 512;

/**
 * The timeout of a batch, in milliseconds. A batch may wait for a transaction that holds one of its keys, which does not concern the other calls. After
 * the timeout nothing of it is stored, and each call runs singly.
 */
const BATCH_TIMEOUT_MS = 250;

/** After this many consecutive batches that stored nothing, rows are inserted singly for {@link PAUSE_MS}. */
const MAX_EMPTY_BATCHES = 3;

const PAUSE_MS = 60_000;

/** Key types whose text the server returns as it was sent, so that it identifies the call. */
const STABLE_TEXT_TYPES: ReadonlySet<ValueTypeName> = new Set([
  'bigint',
  'date',
  'integer',
  'smallint',
  'text',
  'uuid',
  'varchar',
]);

/** Whether insertions of this form can be combined: the key that the caller gives must identify the returned row. */
export function canJoinInsertions({ columns, key, isReturning }: RowInsertion): boolean {
  const isKnown = (part: CatalogColumn): boolean =>
    part.type !== undefined &&
    STABLE_TEXT_TYPES.has(part.type.name) &&
    columns.some((column) => column.name === part.name);
  return isReturning && key.every(isKnown) && columns.every(fitsArray);
}

/**
 * Inserts the rows of many calls by one statement. A row whose key exists is skipped, and the others are stored; the skipped row is then inserted
 * singly, so that its caller gets its own error. When a row makes the statement fail in another way, the batch is divided into halves, repeatedly,
 * until the row is alone.
 *
 * A BEFORE INSERT trigger or a rule could change or drop rows. Where the table has one, the statement stores nothing.
 */
export class InsertionPlan implements BatchPlan {
  readonly mode = 'write';
  readonly #insertion: RowInsertion;
  readonly #text: string;
  readonly #run: RunBatch;
  readonly #unreadable: UnreadableResults;
  #emptyBatches = 0;
  #pausedUntil = 0;
  /** The indexes of the key's values among a row's parameters. */
  readonly #keyIndexes: readonly number[];

  constructor(insertion: RowInsertion, run: RunBatch, unreadable: UnreadableResults) {
    this.#insertion = insertion;
    this.#run = run;
    this.#unreadable = unreadable;
    this.#text = insertionText(insertion);
    this.#keyIndexes = insertion.key.map(({ name }) =>
      insertion.columns.findIndex((column) => column.name === name),
    );
  }

  /** A batch has no two rows with the same key: the second one waits for the outcome of the first. */
  take(waiting: JoinedCall[], count: number): JoinedCall[] {
    const keys = new Set<string>();
    const taken: JoinedCall[] = [];
    const left: JoinedCall[] = [];
    for (const call of waiting.splice(0)) {
      const key = this.#keyOf(call.bound);
      if (taken.length >= Math.min(count, MAX_ROWS) || keys.has(key)) {
        left.push(call);
        continue;
      }
      keys.add(key);
      taken.push(call);
    }
    waiting.push(...left);
    return taken;
  }

  async run(batch: readonly JoinedCall[], pooled: PooledConnection): Promise<void> {
    for (const call of batch) call.isCancellable = false;
    if (batch.length > 1)
      this.#emptyBatches = (await this.#store(batch, pooled)) ? 0 : this.#emptyBatches + 1;
    if (this.#emptyBatches < MAX_EMPTY_BATCHES) return;
    this.#emptyBatches = 0;
    this.#pausedUntil = performance.now() + PAUSE_MS;
  }

  /** Whether recent batches stored nothing, so that rows are inserted singly for some time. */
  get isPaused(): boolean {
    return performance.now() < this.#pausedUntil;
  }

  /** Returns whether a row was stored. A call that is not settled afterwards has stored nothing. */
  async #store(batch: readonly JoinedCall[], pooled: PooledConnection): Promise<boolean> {
    // A single row is inserted by its own statement, whose error belongs to its call.
    const [first] = batch;
    if (first === undefined || batch.length === 1) return false;
    try {
      return this.#answer(batch, await this.#insert(batch, first, pooled));
    } catch (error) {
      if (error instanceof CommitUnknownError) rejectAsUnknown(batch, error.cause);
      else if (mayConcernOneRow(error)) return this.#storeHalves(batch, pooled);
      return false;
    }
  }

  async #storeHalves(batch: readonly JoinedCall[], pooled: PooledConnection): Promise<boolean> {
    const middle = Math.ceil(batch.length / 2);
    const first = await this.#store(batch.slice(0, middle), pooled);
    const second = await this.#store(batch.slice(middle), pooled);
    return first || second;
  }

  #insert(batch: readonly JoinedCall[], first: JoinedCall, pooled: PooledConnection): Promise<RawResult> {
    const arrays = this.#insertion.columns.map((column, index) =>
      columnArray(
        column,
        batch.map(({ bound }) => bound[index]),
      ),
    );
    const options: ExecuteOptions = { deadline: performance.now() + BATCH_TIMEOUT_MS };
    const statement = {
      mode: this.mode,
      text: this.#text,
      parameters: arrays,
      first: first.statement,
    } as const;
    return this.#run(pooled, statement, options);
  }

  #answer(batch: readonly JoinedCall[], result: RawResult): boolean {
    const { fields, rows } = result;
    const calls = new Map(batch.map((call) => [this.#keyOf(call.bound), call]));
    const places = this.#insertion.key.map(({ name }) => fields.findIndex((field) => field.name === name));
    const decoder = RowDecoder.of(fields, 'portable');
    let isKnown = true;
    for (const row of rows) {
      const call = calls.get(keyText(places.map((place) => row.text(place))));
      if (call === undefined) isKnown = false;
      else
        answerWith(call, () => ({
          rows: [this.#decode(call, result, () => decoder.decode(row))],
          affectedRows: 1,
        }));
    }
    // Only a trigger changes the key of a stored row. Tables with triggers are not coalesced, but one may have been added just now. No row may be stored twice.
    if (!isKnown) rejectAsUnknown(batch, undefined);
    return rows.length > 0;
  }

  /** Decodes the row of a call, which is committed. */
  #decode({ options }: JoinedCall, result: RawResult, decode: () => Row): Row {
    return this.#unreadable.decodeCommitted(this.#text, result, options.label, decode);
  }

  #keyOf(bound: JoinedCall['bound']): string {
    return keyText(this.#keyIndexes.map((place) => bound[place]));
  }
}

/** One text for all values of a key. U+0000 separates them, because no text in PostgreSQL contains it. */
function keyText(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : values.join('\0');
}

/** Whether one row, or a conflict, may have made the batch fail; nothing was stored. The halves may then succeed. */
function mayConcernOneRow(error: unknown): boolean {
  return error instanceof ConstraintError || error instanceof ValueError || error instanceof ConflictError;
}

function rejectAsUnknown(batch: readonly JoinedCall[], cause: unknown): void {
  for (const call of batch) {
    if (!call.isSettled) call.reject(commitUnknownError(cause, call.options.label));
  }
}

function insertionText(insertion: RowInsertion): string {
  const { columns } = insertion;
  const name = quoteTable(insertion);
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
