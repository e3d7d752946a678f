import { ConfigurationError, ConnectionError, SluiceError } from '@sluice/core';
import { Client } from 'pg';
import { endpoint, isDatabaseError, readOnlyError, toSluiceError } from '../errors/errors.js';
import type { PostgresConfig } from '../options/options.js';
import { type ServerRole, takes } from '../options/target.js';
import type { ConstraintLookup } from '../schema/constraints.js';
import type { BackendKey } from './cancel.js';
import { requireChannelBinding } from './channel-binding.js';
import { type Backend, PostgresConnection } from './connection.js';
import { SessionModes } from './mode.js';
import { readRowsInPlace } from './row-splitter.js';
import { SERVER_FACTS, type ServerFacts, sessionStatement } from './session.js';

/** How long to wait before the next attempt while the server is starting up, in milliseconds. */
const STARTING_UP_DELAY_MS = 100;

/**
 * Opens a connection to the server of `config` and configures its session. While the server answers that it is starting up, further attempts are made until
 * `connectTimeoutMs` has passed; that is also the limit for a server that does not answer. See {@link connectToAny} for several servers.
 *
 * @throws ConfigurationError or ConnectionError naming host and port, never the password; ConnectionError `read_only` where the server is in another role
 * than the target wants.
 */
export async function connect(
  config: PostgresConfig,
  placeOf: ConstraintLookup,
): Promise<PostgresConnection> {
  const deadline = performance.now() + config.connectTimeoutMs;
  for (;;) {
    try {
      return await connectOnce(config, deadline, placeOf);
    } catch (cause) {
      const isStartingUp = isDatabaseError(cause) && cause.code === '57P03';
      // One of several servers is not waited for while another one may answer.
      const isAlone = config.others.length === 0;
      if (!isStartingUp || !isAlone || performance.now() + STARTING_UP_DELAY_MS >= deadline)
        throw explain(config, cause);
      await new Promise((resolve) => setTimeout(resolve, STARTING_UP_DELAY_MS));
    }
  }
}

async function connectOnce(
  config: PostgresConfig,
  deadline: number,
  placeOf: ConstraintLookup,
): Promise<PostgresConnection> {
  const client = new Client(clientConfig(config));
  readRowsInPlace(client.connection);
  client.on('error', ignore);
  const binding = config.channelBinding === 'require' ? requireChannelBinding(client) : undefined;
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    client.connection.stream.destroy();
  }, deadline - performance.now());
  try {
    await client.connect();
    binding?.assertBound();
    const facts = await configureSession(client, config);
    const role = { isStandby: facts?.in_recovery === 'true', isReadOnly: facts?.read_only === 'on' };
    const modes = new SessionModes(config.isolation, role.isReadOnly);
    const backend = backendOf(client, facts);
    const connection = new PostgresConnection({ config, client, placeOf, modes, backend, role });
    if (takes(config.target ?? 'any', role)) return connection;
    void connection.end();
    throw unwantedError(config, role);
  } catch (cause) {
    client.connection.stream.destroy();
    throw isTimedOut ? timeoutError(config, cause) : (binding?.refusal ?? cause);
  } finally {
    clearTimeout(timer);
  }
}

function unwantedError(config: PostgresConfig, role: ServerRole): ConnectionError {
  if (takes('read-only', role) && config.target !== 'standby') return readOnlyError(config, role.isStandby);
  const message = `PostgreSQL at ${endpoint(config)} takes writes, and the URL asks for target_session_attrs=${config.target}.`;
  return new ConnectionError('connection_failed', message);
}

function clientConfig(config: PostgresConfig): ConstructorParameters<typeof Client>[0] {
  return {
    host: config.host,
    port: config.port,
    user: config.user,
    database: config.database,
    password: config.password,
    ssl: config.ssl,
    options: config.serverOptions,
    application_name: config.applicationName,
    enableChannelBinding: config.channelBinding !== 'disable',
    keepAlive: config.tcp.keepAliveIdleMs !== undefined,
    keepAliveInitialDelayMillis: config.tcp.keepAliveIdleMs ?? 0,
  };
}

/** Configures the session and checks, in the same round trip, the server's version and encoding. */
async function configureSession(client: Client, config: PostgresConfig): Promise<ServerFacts | undefined> {
  const { text, parameters } = config.isPooled
    ? { text: SERVER_FACTS, parameters: [] }
    : sessionStatement(config);
  const { rows } = await client.query<ServerFacts>(text, [...parameters]);
  for (const facts of rows) assertSupported(facts);
  return rows[0];
}

/** A pooler gives each client a cancel key of its own. A server that gives none is taken for the server itself. */
function backendOf(client: Client, facts: ServerFacts | undefined): Backend {
  const { processID } = client as Client & Partial<BackendKey>;
  const pid = Number(facts?.pid);
  return { pid, isBehindPooler: typeof processID === 'number' && processID !== pid };
}

function assertSupported({ version, encoding }: ServerFacts): void {
  if (Number(version) < 130_000) {
    throw invalid(`PostgreSQL 13 or newer is needed; the server is ${Math.floor(Number(version) / 10_000)}.`);
  }
  if (encoding !== 'UTF8') {
    throw invalid(
      `The database has the encoding ${encoding}, which cannot hold every text. Create it with "create database … encoding 'UTF8' template template0".`,
    );
  }
}

function explain(config: PostgresConfig, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const options = { cause };
  const at = `at ${endpoint(config)}`;
  if (!isDatabaseError(cause)) {
    const hint = config.ssl === false ? '' : ' TLS is on: check `sslmode` and the server’s certificate.';
    const message = `PostgreSQL ${at} cannot be reached. Check host and port, and that the server runs.${hint}`;
    return new ConnectionError('connection_failed', message, options);
  }
  switch (cause.code?.slice(0, 2)) {
    case '28':
      return refusedError(config, at, cause);
    case '3D':
      return invalid(
        `PostgreSQL ${at} has no database "${config.database ?? ''}". Create it, or correct the name in the URL.`,
        cause,
      );
    case '22':
    case '42':
      return invalid(`PostgreSQL ${at} does not take the settings in the URL’s "options".`, cause);
    // A pooler tells with class 08 that it has no room, or cannot reach the server.
    case '08':
    case '57':
      return new ConnectionError(
        'connection_failed',
        `PostgreSQL ${at} does not take connections now.`,
        options,
      );
    default:
      return toSluiceError(cause);
  }
}

/** A wrong password has the code 28P01. With 28000 the server may have refused the connection because it has no TLS. */
function refusedError(
  { ssl, user }: PostgresConfig,
  at: string,
  cause: { readonly code?: string | undefined },
): ConnectionError {
  const mayDemandTls = ssl === false && cause.code === '28000';
  const hint = mayDemandTls
    ? ' TLS is off: if the server demands it, add `sslmode=verify-full` to the URL.'
    : '';
  const message = `PostgreSQL ${at} refused user "${user ?? ''}". Check user and password, and the server’s pg_hba.conf.${hint}`;
  return new ConnectionError('authentication_failed', message, { cause });
}

function timeoutError(config: PostgresConfig, cause: unknown): ConnectionError {
  const message = `PostgreSQL at ${endpoint(config)} did not answer within ${config.connectTimeoutMs} ms. Check the network, or raise \`connectTimeoutMs\`.`;
  return new ConnectionError('connection_failed', message, { cause });
}

function invalid(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message, cause === undefined ? {} : { cause });
}

function ignore(): void {}
