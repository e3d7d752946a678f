import type { Client, Connection, Submittable } from 'pg';
import type { PostgresConfig } from '../options/options.js';
import { nameOf } from './prepared.js';
import { settingsStatement } from './session.js';

/**
 * The commands that undo what a statement may have left in its session, but for prepared statements. Settings of the application's own are in no catalog, so
 * there is no telling whether there are any: each command is cheaper than a look. `DISCARD ALL` would do all of it and drop the driver's prepared
 * statements too (https://www.postgresql.org/docs/current/sql-discard.html).
 */
export function resetCommands(config: PostgresConfig): readonly string[] {
  return [
    // The role too.
    'set session authorization default',
    'reset all',
    'close all',
    'unlisten *',
    'discard temp',
    'discard sequences',
    settingsStatement(config, 'pg_advisory_unlock_all()'),
  ];
}

/** Runs commands without parameters as one transaction, in one round trip. It prepares them, because they are the same for each caller. */
export class Commands implements Submittable {
  /** Resolves when the server is ready for the next query. */
  readonly done: Promise<void>;
  readonly #settle: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #texts: readonly string[];
  readonly #prepared: Set<string> | undefined;

  /** @param prepared the texts that the connection has prepared, to which these are added; `undefined` to prepare none. */
  constructor(texts: readonly string[], prepared: Set<string> | undefined) {
    this.#texts = texts;
    this.#prepared = prepared;
    this.done = this.#settle.promise;
  }

  /** Sends them and waits for the answer. @throws the error of `pg` or of the server. */
  static run(client: Client, texts: readonly string[], prepared: Set<string> | undefined): Promise<void> {
    const commands = new Commands(texts, prepared);
    client.query(commands);
    return commands.done;
  }

  submit(connection: Connection): void {
    connection.stream.cork();
    for (const text of this.#texts) this.#send(connection, text);
    connection.sync();
    connection.stream.uncork();
  }

  #send(connection: Connection, text: string): void {
    const isPrepared = this.#prepared?.has(text) === true;
    const name = this.#prepared === undefined ? '' : nameOf(text);
    if (!isPrepared) connection.parse({ name, text, types: [] }, true);
    connection.bind({ statement: name }, true);
    connection.execute({}, true);
  }

  handleReadyForQuery(): void {
    for (const text of this.#texts) this.#prepared?.add(text);
    this.#settle.resolve();
  }

  handleError(error: unknown): void {
    this.#settle.reject(error);
  }

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}
}
