import type { ResultColumns, ResultPart } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import { packRows } from './pack-rows.js';
import type { ThreadFlags } from './thread-flags.js';
import { sendPart } from './thread-port.js';
import { valueBytes } from './value-bytes.js';

/** A part is sent when its values have about this size, even when it has few rows. */
const PART_BYTES = 2 ** 20;

/** How many parts may be sent and not yet consumed, so that the caller decodes one while the thread reads the next. */
const PARTS_AHEAD = 2;

/** Checks again at least this often, in case a wake-up is missed. */
const LONGEST_SLEEP_MS = 1000;

/**
 * Sends a long result in parts, with backpressure. The rows of the last part are kept here and are sent with the reply.
 */
export class ResultSink {
  readonly #flags: ThreadFlags;
  readonly #batchSize: number;
  #member = 0;
  #columns: ResultColumns | undefined;
  #rows: SqliteValue[][] = [];
  #bytes = 0;
  #sent = 0;

  constructor(flags: ThreadFlags, batchSize: number) {
    this.#flags = flags;
    this.#batchSize = batchSize;
  }

  /** Begins the result of `member`. */
  begin(member: number, columns: ResultColumns): void {
    this.#member = member;
    this.#columns = columns;
    this.#rows = [];
    this.#bytes = 0;
  }

  /** Adds all rows of a short result, which are kept for the reply. */
  addAll(rows: SqliteValue[][]): void {
    this.#rows = rows;
  }

  /** Adds one row. False when the member was cancelled, so that reading can stop. */
  add(row: SqliteValue[]): boolean {
    if (this.#rows.length >= this.#batchSize || this.#bytes >= PART_BYTES) this.#send();
    this.#rows.push(row);
    this.#bytes += valueBytes(row);
    return !this.#flags.isCancelled(this.#member);
  }

  /** The rows that were not sent as parts; `undefined` when no result was begun. */
  last(): ResultPart | undefined {
    return this.#columns === undefined ? undefined : packRows(this.#columns, this.#rows);
  }

  #send(): void {
    if (this.#columns === undefined) return;
    this.#awaitCredit();
    sendPart(this.#member, packRows(this.#columns, this.#rows));
    this.#sent += 1;
    this.#rows = [];
    this.#bytes = 0;
  }

  #awaitCredit(): void {
    const isAhead = (): boolean =>
      this.#sent - this.#flags.credit >= PARTS_AHEAD && !this.#flags.isCancelled(this.#member);
    while (isAhead()) this.#flags.sleepWhile(isAhead, LONGEST_SLEEP_MS);
  }
}
