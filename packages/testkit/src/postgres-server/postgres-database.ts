import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Options of a new database. */
export interface CreateDatabaseOptions {
  /** Name of the database. Default: a random name, so that runs on the same server do not collide. */
  readonly name?: string;
  /** URL of a database to copy, schema and rows. It must have no open connections. Default: an empty database. */
  readonly template?: string;
}

/** Facts that a server reports about itself. */
export interface ServerFacts {
  /** Such as `18.4`. */
  readonly version: string;
  /** Such as `UTF8`. */
  readonly encoding: string;
}

/** Returns a prefix for database names that no other run uses. */
export function randomPrefix(): string {
  return `sluice_${randomBytes(4).toString('hex')}`;
}

/** Reads the version and encoding of a server. Rejects if it cannot be reached within ten seconds. */
export async function inspectServer(serverUrl: string): Promise<ServerFacts> {
  const [facts] = await queryRows<ServerFacts>(
    serverUrl,
    `select split_part(current_setting('server_version'), ' ', 1) as version,
            current_setting('server_encoding') as encoding`,
  );
  if (facts === undefined) throw new Error('the server returned no version');
  return facts;
}

/** Creates a database and returns its URL. Rejects with PostgreSQL's own error, such as 42P04 if the name exists. */
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

/** Drops a database and closes its connections. A database that does not exist causes no error. */
export async function dropDatabase(serverUrl: string, url: string): Promise<void> {
  await queryRows(serverUrl, `drop database if exists ${quoteName(databaseName(url))} with (force)`);
}

/** Drops all databases whose names begin with `prefix`. */
export async function dropDatabases(serverUrl: string, prefix: string): Promise<void> {
  const left = await queryRows<{ name: string }>(
    serverUrl,
    'select datname as name from pg_database where starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of left) await dropDatabase(serverUrl, databaseUrl(serverUrl, name));
}

/** Runs one statement on a new connection and returns its rows. */
export async function queryRows<Row extends object = Record<string, unknown>>(
  url: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const { rows } = await onConnection(url, (client) => client.query(sql, [...parameters]));
  return rows;
}

/** Runs one statement on a new connection and returns its rows as arrays of values. */
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
  url.pathname = encodeURI(name); // pg decodes it when it reads the URL.
  return url.href;
}

function databaseName(url: string): string {
  return decodeURI(new URL(url).pathname.slice(1));
}

function quoteName(name: string): string {
  return pg.escapeIdentifier(name);
}
