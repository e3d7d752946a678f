import { type Client, type Connection, type FieldDef, Query, type QueryConfig, type Submittable } from 'pg';
import { isDatabaseError } from '../errors/errors.js';
import type { DataRow } from '../values/data-row.js';
import type { Bound } from '../values/parameters.js';
import type { RawResult } from '../values/raw-result.js';
import type { PreparedStatement } from './prepared.js';

/** A command without parameters and rows that is sent before a statement, in the same round trip. */
export interface Prelude {
  readonly text: string;
  /**
   * Whether it is a transaction of its own that ends before the statement begins, such as a SET whose effect the statement needs; the statement
   * then runs even if the command fails. Otherwise, as with BEGIN, the statement does not run when the command fails.
   */
  readonly isOwnTransaction: boolean;
  /** Set to prepare the text under this name, or to run it where that was done. */
  readonly prepared?: PreparedStatement | undefined;
  /** A query that follows the command; its result is discarded. */
  readonly query?: string | undefined;
  /** Called when it has completed. */
  readonly onCompleted?: () => void;
  /** Called when it has failed as a transaction of its own, before the statement runs. */
  readonly onFailed?: () => void;
}

/** A statement and how it is sent. */
export interface QueryText {
  readonly text: string;
  /** As {@link bindParameters} returns them. */
  readonly parameters: readonly unknown[];
  /** Whether to use the simple protocol, which supports several statements and no parameters. */
  readonly isScript: boolean;
  /** Set to prepare the text under this name, or to run it where that was done. */
  readonly prepared?: PreparedStatement | undefined;
  /** Whether the parameters are already text, bytes and nulls; otherwise `pg` converts them. */
  readonly isBound?: boolean | undefined;
  /** The data of a COPY … FROM STDIN. The server ignores it when the COPY has failed before. Only where `isBound`. */
  readonly copyData?: Iterable<Buffer> | undefined;
  /** Whether to send COMMIT in the same round trip, after a prelude that is a BEGIN. Only where `isBound`. */
  readonly isCommitted?: boolean | undefined;
  /** Not for a script. */
  readonly prelude?: Prelude | undefined;
}

/**
 * One statement as `pg` submits it. Its rows are not decoded. It takes the place of pg's own Query, which cannot send a command before the
 * statement in the same round trip.
 */
export class PostgresQuery implements Submittable {
  /** Resolves when the server is ready for the next query; rejects with the error of `pg` or of the server. */
  readonly done: Promise<readonly RawResult[]>;
  readonly #client: Client;
  readonly #query: QueryText;
  readonly #results: RawResult[] = [];
  readonly #settle: PromiseWithResolvers<readonly RawResult[]>;
  #stage: 'commit' | 'prelude' | 'statement';
  #preludesLeft: number;
  #isSent = false;
  #preludeError: unknown;
  #isCompleted = false;
  #fields: readonly FieldDef[];
  #rows: DataRow[] = [];

  constructor(client: Client, query: QueryText) {
    this.#client = client;
    this.#query = query;
    this.#stage = query.prelude === undefined ? 'statement' : 'prelude';
    this.#preludesLeft = query.prelude?.query === undefined ? 1 : 2;
    this.#fields = query.prepared?.fields ?? NO_FIELDS;
    this.#settle = Promise.withResolvers();
    this.done = this.#settle.promise;
  }

  /** Whether a statement has completed; from then on it may be committed. */
  get isCompleted(): boolean {
    return this.#isCompleted;
  }

  /** How many ReadyForQuery messages the server will send: one for each Sync message. */
  get syncs(): number {
    return this.#query.prelude?.isOwnTransaction ? 2 : 1;
  }

  /** The name of the prepared statement; `pg` reads it to record what was prepared. */
  get name(): string | undefined {
    const { prelude, prepared } = this.#query;
    return (this.#stage === 'prelude' ? prelude?.prepared : prepared)?.name;
  }

  get text(): string {
    return this.#query.text;
  }

  /** Called by `pg`; a second time, with nothing to send, for the statement after a prelude in a transaction of its own. */
  submit(connection: Connection): void {
    if (this.#isSent) return;
    this.#isSent = true;
    const { stream } = connection;
    stream.cork();
    try {
      this.#send(connection);
    } finally {
      stream.uncork();
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.#fields = fields;
  }

  handleDataRow(row: DataRow): void {
    if (this.#stage !== 'prelude') this.#rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    if (this.#stage === 'prelude') {
      this.#completePrelude();
      return;
    }
    if (this.#stage === 'commit') return;
    this.#isCompleted = true;
    const { prepared, isCommitted } = this.#query;
    if (isCommitted) this.#stage = 'commit';
    if (prepared !== undefined) prepared.fields = this.#fields;
    this.#results.push({ ...parseTag(text), fields: this.#fields, rows: this.#rows });
    this.#fields = NO_FIELDS;
    this.#rows = [];
  }

  handleEmptyQuery(): void {
    this.#results.push({ command: '', rowCount: null, fields: [], rows: [] });
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: Connection): void {
    if (this.#query.copyData === undefined)
      (connection as WireConnection).sendCopyFail('COPY FROM STDIN is not supported here.');
  }

  handleCopyData(): void {}

  handleReadyForQuery(): void {
    if (this.#stage === 'prelude') this.#resubmit();
    else this.#settle.resolve(this.#results);
  }

  handleError(error: unknown): void {
    const { prelude } = this.#query;
    if (this.#stage !== 'prelude' || !prelude?.isOwnTransaction || !isDatabaseError(error)) {
      this.#settle.reject(this.#preludeError ?? error);
      return;
    }
    this.#preludeError = error;
    prelude.onFailed?.();
    this.#resubmit();
  }

  #completePrelude(): void {
    this.#preludesLeft -= 1;
    if (this.#preludesLeft > 0) return;
    this.#query.prelude?.onCompleted?.();
    if (!this.#query.prelude?.isOwnTransaction) this.#stage = 'statement';
  }

  /** For `pg` a query ends with ReadyForQuery, here that of the prelude. The statement is sent already; it is submitted again to receive its answer. */
  #resubmit(): void {
    this.#stage = 'statement';
    this.#client.query(this);
  }

  #send(connection: Connection): void {
    const { text, isScript, prelude } = this.#query;
    if (isScript) {
      connection.query(text);
      return;
    }
    if (prelude !== undefined) {
      sendCommand(connection, prelude.text, prelude.prepared);
      if (prelude.query !== undefined) sendCommand(connection, prelude.query);
      if (prelude.isOwnTransaction) connection.sync();
    }
    if (this.#query.isBound) this.#sendBound(connection as WireConnection);
    else this.#sendPlain(connection);
  }

  #sendBound(connection: WireConnection): void {
    const { text, parameters, prepared, copyData } = this.#query;
    const name = prepared?.name ?? '';
    if (prepared === undefined || !isParsed(connection, name))
      connection.parse({ text, name, types: [] }, true);
    connection.bind({ statement: name, values: parameters as Bound[] }, true);
    if (prepared?.fields === undefined) connection.describe({ type: 'P' }, true);
    connection.execute({}, true);
    if (copyData !== undefined) sendCopy(connection, copyData);
    if (this.#query.isCommitted) sendCommand(connection, 'commit');
    connection.sync();
  }

  /** Lets pg convert the parameters to text or bytes; rejects with the error that pg throws for one. */
  #sendPlain(connection: Connection): void {
    const { text, parameters, prepared } = this.#query;
    const refuse = (error: Error | undefined): void => this.#settle.reject(error);
    // The extended protocol allows a single statement only. Without `queryMode`, pg would use it only for a statement with parameters.
    const config = {
      name: prepared?.name,
      text,
      values: [...parameters],
      queryMode: 'extended',
    } as QueryConfig;
    new Query(config, refuse).submit(connection);
  }
}

function sendCommand(connection: Connection, text: string, prepared?: PreparedStatement): void {
  const statement = prepared?.name ?? '';
  if (prepared === undefined || !isParsed(connection, statement))
    connection.parse({ text, name: statement, types: [] }, true);
  connection.bind({ statement }, true);
  connection.execute({}, true);
}

function isParsed(connection: Connection, name: string): boolean {
  return (connection as WireConnection).parsedStatements[name] !== undefined;
}

/** Sends each part before the next one is produced. */
function sendCopy(connection: WireConnection, parts: Iterable<Buffer>): void {
  for (const part of parts) {
    connection.sendCopyFromChunk(part);
    connection.stream.uncork();
    connection.stream.cork();
  }
  connection.endCopyFrom();
}

const NO_FIELDS: readonly FieldDef[] = [];

/** Members of pg's Connection that its types omit. */
interface WireConnection extends Connection {
  /** The texts that pg has recorded as prepared, by name. */
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  sendCopyFromChunk(data: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** Parses a command tag: `INSERT 0 3`, `SELECT 5`, `BEGIN`. */
function parseTag(tag: string): Pick<RawResult, 'command' | 'rowCount'> {
  const end = tag.indexOf(' ');
  if (end === -1) return { command: tag, rowCount: null };
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1));
  return { command: tag.slice(0, end), rowCount: Number.isNaN(count) ? null : count };
}
