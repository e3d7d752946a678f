import type { Writable } from 'node:stream';
import { ConfigurationError, ConnectionError, InternalError, SluiceError } from '@sluice/core/errors';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { quoteName } from '../sql/quote.js';

/** One connection to PostgreSQL. */
export class PostgresSession {
  readonly #client: pg.Client;
  #lost: Error | undefined;

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on('error', (error) => {
      this.#lost = error;
    });
  }

  /**
   * Connects to `postgres://…`. A password that is not in the URL comes from PGPASSWORD or PGPASSFILE.
   *
   * @throws ConfigurationError or ConnectionError; neither holds the URL, which may hold a password.
   */
  static async connect(url: string, schema: string | undefined): Promise<PostgresSession> {
    const client = new pg.Client(clientConfig(url));
    const session = new PostgresSession(client);
    try {
      await client.connect();
      await client.query(
        `set client_encoding = 'UTF8'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set timezone = 'UTC'; set client_min_messages = warning`,
      );
      if (schema !== undefined) await client.query(`set search_path = ${quoteName(schema)}`);
      return session;
    } catch (cause) {
      client.connection.stream.destroy();
      throw connectError(cause);
    }
  }

  /** Runs one statement. */
  async query<Row extends Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]> {
    try {
      const { rows } = await this.#client.query<Row>(
        sql,
        parameters === undefined ? undefined : [...parameters],
      );
      return rows;
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** Runs `work` in a transaction, and rolls back if it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.query('begin');
    try {
      const result = await work();
      await this.query('commit');
      return result;
    } catch (error) {
      // The connection may be lost, which has ended the transaction.
      await this.query('rollback').catch(() => {});
      throw error;
    }
  }

  /**
   * Runs a statement under a savepoint. If the server refuses it, rolls back to the savepoint and returns the error. Throws errors that may not
   * happen again, such as a full disk.
   */
  async attempt(sql: string): Promise<Error | undefined> {
    await this.query('savepoint sluice');
    try {
      await this.query(sql);
      await this.query('release savepoint sluice');
      return undefined;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || isTransient(error)) throw error;
      await this.query('rollback to savepoint sluice; release savepoint sluice');
      return error;
    }
  }

  /** Begins a COPY FROM STDIN. The stream emits the errors of the server. */
  copyIn(sql: string): Writable {
    return this.#client.query(copyFrom(sql));
  }

  /** Yields the output of a COPY TO STDOUT in chunks. */
  async *copyOut(sql: string): AsyncGenerator<Buffer> {
    const chunks: AsyncIterable<Buffer> = this.#client.query(copyTo(sql));
    try {
      yield* chunks;
    } catch (error) {
      throw this.explain(error);
    }
  }

  async close(): Promise<void> {
    if (this.#lost !== undefined) return;
    await this.#client.end().catch(() => {});
  }

  /** Closes the connection at once; the server rolls back the open transaction. */
  destroy(): void {
    this.#client.connection.stream.destroy();
  }

  /** Turns an error of a statement or stream into a ConnectionError if the connection is lost. */
  explain(error: unknown): unknown {
    if (error instanceof SluiceError) return error;
    const isLost =
      this.#lost !== undefined ||
      (error instanceof pg.DatabaseError && /^(?:57P0|08)/.test(error.code ?? ''));
    if (!isLost && error instanceof pg.DatabaseError) return error;
    if (!isLost && !/terminated|closed|not queryable|ECONN|EPIPE/i.test(String(error))) return error;
    return new ConnectionError(
      'connection_lost',
      'The connection to PostgreSQL was lost. Run the same command with --resume.',
      {
        cause: error,
      },
    );
  }
}

/** Whether the error may not happen again: conflicts, resources, locks, operator intervention and system errors (postgresql.org/docs/current/errcodes-appendix.html). */
function isTransient({ code = '' }: pg.DatabaseError): boolean {
  return /^(?:08|40|53|55|57|58|XX)/.test(code);
}

/** Whether the error comes from the server. */
export function isServerError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError;
}

function clientConfig(url: string): pg.ClientConfig {
  try {
    new URL(url);
    return {
      connectionString: url,
      application_name: 'sluice transfer',
      keepAlive: true,
    };
  } catch {
    throw new ConfigurationError(
      'invalid_configuration',
      'The PostgreSQL URL cannot be read. Write postgres://user@host:port/database, with special characters percent-encoded.',
    );
  }
}

function connectError(cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const code = isServerError(cause) ? (cause.code ?? '') : '';
  if (code.startsWith('28')) {
    return new ConnectionError('authentication_failed', 'PostgreSQL refused the user or the password.', {
      cause,
    });
  }
  if (code === '3D000') {
    return new ConfigurationError(
      'invalid_configuration',
      'PostgreSQL has no such database. Create it first.',
      { cause },
    );
  }
  // The server is starting or stopping, has no free connection, or closed the connection.
  if (!isServerError(cause) || /^(?:08|53|57P)/.test(code)) {
    return new ConnectionError(
      'connection_failed',
      code === ''
        ? 'PostgreSQL cannot be reached. Check host, port and network.'
        : `PostgreSQL cannot be reached at present: ${(cause as Error).message}.`,
      { cause },
    );
  }
  return new InternalError('PostgreSQL refused the session.', { cause });
}
