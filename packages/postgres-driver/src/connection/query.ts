import { type Client, type Connection, type FieldDef, Query, type QueryConfig, type Submittable } from 'pg';
import { isDatabaseError } from '../errors/errors.js';
import type { DataRow } from '../values/data-row.js';
import type { Bound } from '../values/parameters.js';
import type { RawResult } from '../values/raw-result.js';
import type { PreparedStatement } from './prepared.js';

/** A command without parameters and rows that travels ahead of a statement, in the same round trip. */
export interface Prelude {
  readonly text: string;
  /**
   * Whether it is a transaction of its own, over before the statement begins, such as a SET that the statement is to find. Otherwise the
   * statement is not run when it fails, as with BEGIN.
   */
  readonly isApart: boolean;
  /** Prepares it, or runs what was prepared. */
  readonly prepared?: PreparedStatement | undefined;
  /** A query that follows the command; what it answers is left out. */
  readonly query?: string | undefined;
  /** Told when it has completed. */
  readonly onCompleted?: () => void;
  /** Told when it has failed by itself, while the statement apart from it is still to run. */
  readonly onFailed?: () => void;
}

/** What is sent. */
export interface QueryText {
  readonly text: string;
  /** As {@link bindParameters} gives them. */
  readonly parameters: readonly unknown[];
  /** Sends it by the simple protocol, which takes several statements and no parameters. */
  readonly isScript: boolean;
  /** Prepares it, or runs what was prepared. */
  readonly prepared?: PreparedStatement | undefined;
  /** Whether the parameters are text, bytes and nulls; otherwise `pg` makes them so. */
  readonly isBound?: boolean | undefined;
  /** What a COPY … FROM STDIN reads. The server ignores it if the COPY fails before. Only with bound parameters. */
  readonly copyData?: Iterable<Buffer> | undefined;
  /** Sends COMMIT in the same round trip, for a prelude that is a BEGIN. Only with bound parameters. */
  readonly isCommitted?: boolean | undefined;
  /** Not with a script. */
  readonly prelude?: Prelude | undefined;
}

/**
 * One statement on its way through `pg`, its rows left as the text the server sends. In place of pg's own Query, because that one can
 * put nothing ahead of a statement.
 */
export class PostgresQuery implements Submittable {
  /** Settles when the server has answered all of it; rejects with what `pg` or the server raised. */
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

  /** Whether a statement has completed, so that from here on it may be committed. */
  get isCompleted(): boolean {
    return this.#isCompleted;
  }

  /** How often the server will say that it is ready: once for each of its transactions. */
  get syncs(): number {
    return this.#query.prelude?.isApart ? 2 : 1;
  }

  /** For `pg`, which takes note of what was prepared. */
  get name(): string | undefined {
    const { prelude, prepared } = this.#query;
    return (this.#stage === 'prelude' ? prelude?.prepared : prepared)?.name;
  }

  get text(): string {
    return this.#query.text;
  }

  /** Called by `pg`, a second time when the statement's turn comes after its prelude's. */
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
    if (this.#stage === 'prelude') this.#takeNextTurn();
    else this.#settle.resolve(this.#results);
  }

  handleError(error: unknown): void {
    const { prelude } = this.#query;
    if (this.#stage !== 'prelude' || !prelude?.isApart || !isDatabaseError(error)) {
      this.#settle.reject(this.#preludeError ?? error);
      return;
    }
    this.#preludeError = error;
    prelude.onFailed?.();
    this.#takeNextTurn();
  }

  #completePrelude(): void {
    this.#preludesLeft -= 1;
    if (this.#preludesLeft > 0) return;
    this.#query.prelude?.onCompleted?.();
    if (!this.#query.prelude?.isApart) this.#stage = 'statement';
  }

  /** `pg` thinks that a query is over when the server is ready; the statement is sent already, and asks to be the next. */
  #takeNextTurn(): void {
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
      if (prelude.isApart) connection.sync();
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

  /** pg turns the parameters into text or bytes; what it throws over one is the answer. */
  #sendPlain(connection: Connection): void {
    const { text, parameters, prepared } = this.#query;
    const refuse = (error: Error | undefined): void => this.#settle.reject(error);
    // The extended protocol takes one statement; pg would use it only where there are parameters.
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

/** Each part goes out before the next is asked for. */
function sendCopy(connection: WireConnection, parts: Iterable<Buffer>): void {
  for (const part of parts) {
    connection.sendCopyFromChunk(part);
    connection.stream.uncork();
    connection.stream.cork();
  }
  connection.endCopyFrom();
}

const NO_FIELDS: readonly FieldDef[] = [];

/** A part of pg's Connection that its types leave out. */
interface WireConnection extends Connection {
  /** By name, what pg believes to be prepared. */
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  sendCopyFromChunk(data: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** `INSERT 0 3`, `SELECT 5`, `BEGIN`. */
function parseTag(tag: string): Pick<RawResult, 'command' | 'rowCount'> {
  const end = tag.indexOf(' ');
  if (end === -1) return { command: tag, rowCount: null };
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1));
  return { command: tag.slice(0, end), rowCount: Number.isNaN(count) ? null : count };
}
