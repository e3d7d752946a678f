import type { Client, Connection, Submittable } from 'pg';
import type { DataRow } from '../values/data-row.js';

const NAME = 'sluice_probe';

const TEXT = `select exists (select from pg_catalog.pg_prepared_statements where name = '${NAME}')`;

/**
 * Whether a statement is prepared in the server under the name that the client sends. A pooler that keeps prepared statements for its clients prepares
 * them under names of its own. Leaves nothing behind in the session.
 *
 * @throws the server's error; `42P05` where another client of a shared session asks at the same time.
 */
export function passesNamesOn(client: Client): Promise<boolean> {
  const probe = new NameProbe();
  client.query(probe);
  return probe.done;
}

/** Prepares a statement, runs it and closes it in one round trip, so that a pooler in transaction mode gives one session to all of it. */
class NameProbe implements Submittable {
  readonly done: Promise<boolean>;
  readonly #settle: PromiseWithResolvers<boolean> = Promise.withResolvers();
  #isPassedOn = false;

  constructor() {
    this.done = this.#settle.promise;
  }

  submit(connection: Connection): void {
    connection.stream.cork();
    connection.parse({ name: NAME, text: TEXT, types: [] }, true);
    connection.bind({ statement: NAME }, true);
    connection.execute({}, true);
    (connection as ClosingConnection).close({ type: 'S', name: NAME });
    connection.sync();
    connection.stream.uncork();
  }

  handleDataRow(row: DataRow): void {
    this.#isPassedOn = row.text(0) === 't';
  }

  handleReadyForQuery(): void {
    this.#settle.resolve(this.#isPassedOn);
  }

  handleError(error: unknown): void {
    this.#settle.reject(error);
  }

  handleRowDescription(): void {}

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}
}

/** A member of pg's Connection that its types omit. */
interface ClosingConnection extends Connection {
  close(what: { readonly type: 'S'; readonly name: string }): void;
}
