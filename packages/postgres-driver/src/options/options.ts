import type { ConnectionOptions } from 'node:tls';
import { ConfigurationError, type IsolationLevel } from '@sluice/core';
import { passwordSource } from './password.js';
import { parsePostgresUrl } from './url.js';

/** `portable`: the contract's values (C1). `native`: those of `pg`, as Kysely's own PostgreSQL dialect returns them. */
export type ValueMode = 'native' | 'portable';

/** Options of {@link postgres}. */
export interface PostgresOptions {
  /** Most connections open at once; transactions, streams and single statements share them. Default 10. */
  readonly poolSize?: number;
  /** Most calls that may wait for a connection; one more is refused with an OverloadedError. Default 10,000. */
  readonly queueLimit?: number;
  /** How long opening a connection may take, in milliseconds, a server that is starting up included. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** How long a call may wait for a connection, in milliseconds, where its own deadline is later. Default: for as long as its deadline lets it. */
  readonly acquireTimeoutMs?: number;
  /** How long a statement may run before the server cancels it, in milliseconds; a safety net below the calls' own deadlines. Default: none. */
  readonly statementTimeoutMs?: number;
  /** How long a statement may wait for a lock before it ends in a ConflictError, in milliseconds. Default: for as long as its deadline lets it. */
  readonly lockTimeoutMs?: number;
  /**
   * After how many milliseconds without a statement the server ends a transaction, so that a client that froze holds no locks for ever.
   * Default 300,000.
   */
  readonly idleInTransactionTimeoutMs?: number;
  /** After how many idle milliseconds a connection is closed. Default 30,000. */
  readonly idleTimeoutMs?: number;
  /**
   * Whether a connection prepares the single statements that come again and again. Turn it off behind a pooler that gives each
   * statement another session. Default true.
   */
  readonly prepare?: boolean;
  /**
   * `transaction` where a pooler such as PgBouncer in transaction mode stands between: nothing is set in a session, and every transaction, also a
   * single statement's own, brings its isolation and settings along, in the same round trip. Turns `prepare` off unless that is set.
   * Default: none.
   */
  readonly pooler?: 'transaction';
  /**
   * Whether `get`s, and `insert`s, that are called together and are no part of a transaction are answered by one statement. Each caller gets
   * what its own would have given. Also whether writers of a hot spot share a COMMIT. Default true.
   */
  readonly coalesce?: boolean;
  /**
   * URLs of streaming replicas. `read` and streams that only read go to one that answers, is not older than `maxLagMs` and has everything this storage
   * wrote and `after` names; else to the primary. They share all other options. Default: none.
   */
  readonly replicas?: readonly string[];
  /** How many milliseconds a replica may be behind the primary. Default 5,000. */
  readonly maxLagMs?: number;
  /** What `pg_stat_activity` shows. Default: the URL's `application_name`, else `sluice`. */
  readonly applicationName?: string;
  /** The password, or a function asked for it at every new connection. Default: the URL's, else PGPASSWORD, else the password file (PGPASSFILE, `~/.pgpass`). */
  readonly password?: string | (() => string | Promise<string>);
  /**
   * TLS: `true` verifies the server's certificate and name, `false` turns TLS off, an object is Node's own options.
   * Default: the URL's `sslmode`, else the environment's PGSSLMODE, else off. Refused together with `sslmode`.
   */
  readonly ssl?: boolean | ConnectionOptions;
}

/** Options of {@link postgresDialect}. */
export interface PostgresDialectOptions extends PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /**
   * `native` takes and returns the values of Kysely's own PostgreSQL dialect, and throws the server's own errors; `portable` has the values and
   * errors of the contract (C1, C11), and the column types of its schema builder are mapped. Default `native`.
   */
  readonly values?: ValueMode;
  /**
   * Isolation of single statements and of transactions that ask for none. Nothing is replayed by itself here: at `serializable`
   * the caller must expect conflicts. Default `read committed`, PostgreSQL's own.
   */
  readonly isolation?: IsolationLevel;
}

/** Everything a connection and its pool need to know. */
export interface PostgresConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly password: () => Promise<string>;
  readonly ssl: boolean | ConnectionOptions;
  /** Command-line options for the server process: `-c search_path=app`. */
  readonly serverOptions: string | undefined;
  readonly applicationName: string;
  readonly poolSize: number;
  readonly queueLimit: number;
  readonly connectTimeoutMs: number;
  readonly acquireTimeoutMs: number | undefined;
  /** The server's own limits, in milliseconds, by the names of its settings. */
  readonly limits: Readonly<Record<string, number>>;
  readonly replicas: readonly PostgresConfig[];
  readonly maxLagMs: number;
  readonly idleTimeoutMs: number;
  readonly isPooled: boolean;
  readonly prepare: boolean;
  readonly coalesce: boolean;
  readonly values: ValueMode;
  readonly isolation: IsolationLevel;
}

/** What differs between the driver and the plain dialect. */
export interface PostgresMode {
  readonly values: ValueMode;
  readonly isolation: IsolationLevel;
}

/**
 * Puts URL, options, environment and defaults together.
 *
 * @throws ConfigurationError naming what is wrong, never the URL, which may hold a password.
 */
export function resolvePostgresConfig(
  url: string,
  options: PostgresOptions,
  mode: PostgresMode,
): PostgresConfig {
  const parsed = parsePostgresUrl(url);
  if (options.ssl !== undefined && parsed.ssl !== undefined) {
    throw invalid('TLS is set both by the option `ssl` and by `sslmode` in the URL. Keep one of them.');
  }
  return {
    host: parsed.host,
    port: parsed.port,
    user: parsed.user,
    database: parsed.database,
    password: passwordSource(options.password ?? parsed.password, parsed),
    ssl: options.ssl ?? parsed.ssl ?? false,
    serverOptions: parsed.serverOptions,
    applicationName: options.applicationName ?? parsed.applicationName ?? 'sluice',
    poolSize: atLeastOne('poolSize', options.poolSize ?? 10),
    queueLimit: atLeastOne('queueLimit', options.queueLimit ?? 10_000),
    connectTimeoutMs: atLeastOne(
      'connectTimeoutMs',
      options.connectTimeoutMs ?? parsed.connectTimeoutMs ?? 10_000,
    ),
    acquireTimeoutMs:
      options.acquireTimeoutMs === undefined
        ? undefined
        : atLeastOne('acquireTimeoutMs', options.acquireTimeoutMs),
    limits: serverLimits(options),
    replicas: (options.replicas ?? []).map((replica) => replicaConfig(replica, options, mode)),
    maxLagMs: atLeastOne('maxLagMs', options.maxLagMs ?? 5000),
    idleTimeoutMs: atLeastOne('idleTimeoutMs', options.idleTimeoutMs ?? 30_000),
    isPooled: isPooled(options, mode),
    prepare: options.prepare ?? options.pooler === undefined,
    coalesce: options.coalesce ?? true,
    ...mode,
  };
}

function isPooled({ pooler }: PostgresOptions, { values }: PostgresMode): boolean {
  if (pooler === undefined) return false;
  if (pooler !== 'transaction') throw invalid("The option `pooler` must be 'transaction', or left out.");
  if (values === 'portable') return true;
  throw invalid(
    "The option `pooler` needs `values: 'portable'`: settings cannot travel with several statements at once.",
  );
}

/** A replica cannot be serializable. */
function replicaConfig(url: string, options: PostgresOptions, mode: PostgresMode): PostgresConfig {
  return resolvePostgresConfig(url, { ...options, replicas: [] }, { ...mode, isolation: 'repeatable read' });
}

function serverLimits({
  statementTimeoutMs,
  lockTimeoutMs,
  idleInTransactionTimeoutMs = 300_000,
}: PostgresOptions): Record<string, number> {
  const limits = {
    statementTimeoutMs: ['statement_timeout', statementTimeoutMs],
    lockTimeoutMs: ['lock_timeout', lockTimeoutMs],
    idleInTransactionTimeoutMs: ['idle_in_transaction_session_timeout', idleInTransactionTimeoutMs],
  } as const;
  return Object.fromEntries(
    Object.entries(limits).flatMap(([option, [setting, value]]) =>
      value === undefined ? [] : [[setting, atLeastOne(option, value)]],
    ),
  );
}

function atLeastOne(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid(`The option \`${name}\` must be a whole number of at least 1.`);
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
