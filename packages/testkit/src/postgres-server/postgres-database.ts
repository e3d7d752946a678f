import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Which database to create. */
export interface CreateDatabaseOptions {
  /** Name of the database. Default: a random name, so that runs sharing a server do not meet. */
  readonly name?: string;
  /** URL of a database to copy, schema and rows. It must have no open connections. Default: an empty database. */
  readonly template?: string;
}

/** What a server says of itself. */
export interface ServerFacts {
  /** Such as `18.4`. */
  readonly version: string;
  /** Such as `UTF8`. */
  readonly encoding: string;
}

/** A beginning for database names that no other run has. */
export function randomPrefix(): string {
  return `sluice_${randomBytes(4).toString('hex')}`;
}

/** Asks a server who it is; rejects when it cannot be reached within ten seconds. */
export async function inspectServer(serverUrl: string): Promise<ServerFacts> {
  const [facts] = await queryRows<ServerFacts>(
    serverUrl,
    `select split_part(current_setting('server_version'), ' ', 1) as version,
            current_setting('server_encoding') as encoding`,
  );
  if (facts === undefined) throw new Error('the server returned no version');
  return facts;
}

/** Creates a database and returns its URL. Fails with PostgreSQL's own error, such as 42P04 when the name is taken. */
export async function createDatabase(
  serverUrl: string,
  prefix: string,
  options: CreateDatabaseOptions = {},
): Promise<string> {
  const name = options.name ?? `${prefix}_${randomBytes(4).toString('hex')}`;
  const template =
    options.template === undefined ? '' : ` template ${quoteName(databaseName(options.template))}`;
  await queryRows(serverUrl, `create database ${quoteName(name)}${template}`);
  return databaseUrl(serverUrl, name);
}

/** Drops a database, ending the connections it still has. A database that is gone already is no error. */
export async function dropDatabase(serverUrl: string, url: string): Promise<void> {
  await queryRows(serverUrl, `drop database if exists ${quoteName(databaseName(url))} with (force)`);
}

/** Drops every database whose name begins with `prefix`. */
export async function dropDatabases(serverUrl: string, prefix: string): Promise<void> {
  const left = await queryRows<{ name: string }>(
    serverUrl,
    'select datname as name from pg_database where starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of left) await dropDatabase(serverUrl, databaseUrl(serverUrl, name));
}

/** Runs one statement on a connection of its own, and gives its rows. */
export async function queryRows<Row extends object = Record<string, unknown>>(
  url: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const { rows } = await onConnection(url, (client) => client.query(sql, [...parameters]));
  return rows;
}

/** Runs one statement on a connection of its own, and gives the values of its rows, an array a row. */
export async function queryValues(url: string, sql: string): Promise<unknown[][]> {
  const { rows } = await onConnection(url, (client) =>
    client.query<unknown[]>({ text: sql, rowMode: 'array' }),
  );
  return rows;
}

async function onConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = encodeURI(name); // What pg undoes when it reads a URL.
  return url.href;
}

function databaseName(url: string): string {
  return decodeURI(new URL(url).pathname.slice(1));
}

function quoteName(name: string): string {
  return pg.escapeIdentifier(name);
}
