import type { ConnectionOptions } from 'node:tls';
import { assertKnownOptions, ConfigurationError, type IsolationLevel, type OptionNames } from '@sluice/core';
import { passwordSource } from './password.js';
import type { TargetSession } from './target.js';
import type { TcpOptions } from './tcp.js';
import type { ChannelBinding } from './tls.js';
import { type HostAddress, type PostgresUrl, parsePostgresUrl } from './url.js';

/** `portable`: the contract's values (C1). `native`: those of `pg`, as Kysely's own PostgreSQL dialect returns them. */
export type ValueMode = 'native' | 'portable';

/** How a pooler lends sessions: to a connection for as long as it is open, or for one transaction. */
export type PoolerMode = 'session' | 'transaction';

/** Options of {@link postgres}. */
export interface PostgresOptions {
  /** The maximum number of open connections; transactions, streams and single statements share them. Default 10. */
  readonly poolSize?: number;
  /**
   * How many streams and read transactions may be open at once, at most `poolSize`; more wait. Each holds a connection, also while its caller does
   * something else, so a bound below `poolSize` leaves some to writers. Default: two less than `poolSize`, at least 1.
   */
  readonly snapshots?: number;
  /** The maximum number of calls that wait for a connection; further ones are refused with an OverloadedError. Default 10,000. */
  readonly queueLimit?: number;
  /** How long opening a connection may take, in milliseconds, including the time a server needs to start up. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** How long a call may wait for a connection, in milliseconds. An earlier deadline of the call itself applies first. Default: only that deadline. */
  readonly acquireTimeoutMs?: number;
  /** How long a statement may run before the server cancels it, in milliseconds. It is a second limit besides the calls' own deadlines. Default: none. */
  readonly statementTimeoutMs?: number;
  /** How long a statement may wait for a lock before it fails with a ConflictError, in milliseconds. Default: only the deadline of the call. */
  readonly lockTimeoutMs?: number;
  /**
   * After how many milliseconds without a statement the server ends a transaction, so that a client that hangs cannot hold its locks for ever.
   * Default 300,000.
   */
  readonly idleInTransactionTimeoutMs?: number;
  /** After how many idle milliseconds a connection is closed. Default 30,000. */
  readonly idleTimeoutMs?: number;
  /**
   * Whether a connection uses prepared statements for texts that it runs repeatedly. With `pooler: 'transaction'` it needs a pooler that keeps them,
   * such as PgBouncer from 1.21 on with `max_prepared_statements`; another one is refused when the storage is opened. Default true, but false with
   * `pooler: 'transaction'`.
   */
  readonly prepare?: boolean;
  /**
   * The mode of the pooler, such as PgBouncer, that the connection goes through. With `transaction` the driver sets nothing in the session: each
   * transaction, including that of a single statement, sends its isolation level and settings in its first round trip, and `prepare` is off unless
   * it is set. `session` says that each connection keeps its session for itself; the driver then treats it as a direct one.
   *
   * Default: no pooler. Behind one there is a warning `unnamed_pooler`, and a ConfigurationError where the driver sees that it runs in transaction mode.
   */
  readonly pooler?: PoolerMode;
  /**
   * When the session of a connection is reset before the next caller gets it: settings, role, temporary objects, session locks, cursors and listeners.
   * `changed`: after every statement that may have left something, so not after those that only touch the rows of tables without code of the
   * application. `always`: after every use. Not behind a pooler in transaction mode, where the session is shared. Default `changed`.
   */
  readonly resetSession?: 'always' | 'changed';
  /**
   * Whether concurrent `get`s, and concurrent `insert`s, outside of transactions are combined into one statement. Each caller gets the result
   * that its own statement would have given. Also whether transactions that contend for the same rows share a COMMIT. Default true.
   */
  readonly coalesce?: boolean;
  /**
   * URLs of streaming replicas. `read`, and streams that only read, go to a replica that answers, lags by at most `maxLagMs`, and has replayed
   * everything that this storage wrote and that `after` names. Without such a replica they go to the primary. All other options apply to the
   * replicas too. Default: none.
   */
  readonly replicas?: readonly string[];
  /** How many milliseconds a replica may be behind the primary. Default 5,000. */
  readonly maxLagMs?: number;
  /**
   * URLs of further servers of the same cluster, which are tried after those of the URL itself, as several hosts in one URL are. Each has its own address,
   * user, password and TLS; all other parameters are those of the first URL. Default: none.
   */
  readonly hosts?: readonly string[];
  /**
   * After how many milliseconds a connection is replaced, so that connections follow a change of DNS, of a load balancer or of a password. The time varies by
   * up to a tenth, so that not all are replaced at once; a connection in use is replaced when it is returned. Default 3,600,000: an hour.
   */
  readonly maxLifetimeMs?: number;
  /** The name that `pg_stat_activity` shows. Default: the URL's `application_name`, else `sluice`. */
  readonly applicationName?: string;
  /**
   * The password, or a function that is called for it at every new connection. Default: the URL's, else PGPASSWORD, else the password file
   * (PGPASSFILE, `~/.pgpass`).
   */
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
   * `native` takes and returns the values of Kysely's own PostgreSQL dialect, and throws the server's own errors. `portable` has the values and
   * errors of the contract (C1, C11), and maps the column types of the schema builder. Default `native`.
   */
  readonly values?: ValueMode;
  /**
   * Isolation level of single statements, and of transactions that name none. The dialect replays nothing: at `serializable` the caller
   * must handle conflicts itself. Default `read committed`, PostgreSQL's default.
   */
  readonly isolation?: IsolationLevel;
}

/** The resolved configuration of a connection and its pool. */
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
  readonly snapshots: number;
  readonly queueLimit: number;
  readonly connectTimeoutMs: number;
  readonly acquireTimeoutMs: number | undefined;
  /** The server's own limits, in milliseconds, by the names of its settings. */
  readonly limits: Readonly<Record<string, number>>;
  readonly replicas: readonly PostgresConfig[];
  readonly maxLagMs: number;
  readonly tcp: TcpOptions;
  readonly channelBinding: ChannelBinding;
  /** Which servers are taken; `undefined` where nothing says so. */
  readonly target: TargetSession | undefined;
  /** Whether servers are tried in random order. */
  readonly isLoadBalanced: boolean;
  /** The further servers, in the order in which they are tried. They have none themselves. */
  readonly others: readonly PostgresConfig[];
  readonly maxLifetimeMs: number;
  readonly idleTimeoutMs: number;
  readonly pooler: PoolerMode | undefined;
  /** Whether each transaction may run in another session. */
  readonly isPooled: boolean;
  readonly prepare: boolean;
  readonly resetSession: 'always' | 'changed';
  readonly coalesce: boolean;
  readonly values: ValueMode;
  readonly isolation: IsolationLevel;
}

/** The settings in which the driver and the Kysely dialect differ. */
export interface PostgresMode {
  readonly values: ValueMode;
  readonly isolation: IsolationLevel;
}

const NAMES: OptionNames<Required<PostgresOptions>> = {
  poolSize: true,
  snapshots: true,
  queueLimit: true,
  connectTimeoutMs: true,
  acquireTimeoutMs: true,
  statementTimeoutMs: true,
  lockTimeoutMs: true,
  idleInTransactionTimeoutMs: true,
  idleTimeoutMs: true,
  prepare: true,
  pooler: true,
  resetSession: true,
  coalesce: true,
  replicas: true,
  maxLagMs: true,
  hosts: true,
  maxLifetimeMs: true,
  applicationName: true,
  password: true,
  ssl: true,
};

/**
 * Checks the names of the options.
 *
 * @param taker what takes them, for the message about an unknown one.
 * @throws ConfigurationError `invalid_configuration`, naming the option.
 */
export function assertPostgresOptions(options: PostgresOptions, taker = 'postgres'): void {
  assertKnownOptions<PostgresOptions>(taker, options, NAMES);
}

/**
 * Resolves URL, options, environment and defaults to one configuration.
 *
 * @throws ConfigurationError naming the wrong option, never the URL, which may contain a password.
 */
export function resolvePostgresConfig(
  url: string,
  options: PostgresOptions,
  mode: PostgresMode,
): PostgresConfig {
  const parsed = parsePostgresUrl(url, options.ssl);
  if (options.ssl !== undefined && parsed.ssl !== undefined) {
    throw invalid('TLS is set both by the option `ssl` and by `sslmode` in the URL. Keep one of them.');
  }
  const { hosts = [], ...rest } = options;
  const [first, ...others] = parsed.addresses.map((address) => configAt(address, parsed, rest, mode));
  if (first === undefined) throw invalid('The PostgreSQL URL names no host.');
  const further = hosts.flatMap((host) => {
    const { others: alsoThere, ...config } = resolvePostgresConfig(host, { ...rest, replicas: [] }, mode);
    return [{ ...config, others: [] }, ...alsoThere];
  });
  const all = [...others, ...further];
  // Several hosts are those of one cluster, of which a storage needs the one that takes writes.
  const target = first.target ?? (all.length > 0 ? 'read-write' : undefined);
  return { ...first, target, others: all.map((other) => ({ ...other, target })) };
}

/** The configuration of the connections to one server. */
function configAt(
  { host, port }: HostAddress,
  parsed: PostgresUrl,
  options: PostgresOptions,
  mode: PostgresMode,
): PostgresConfig {
  const poolSize = atLeastOne('poolSize', options.poolSize ?? 10);
  return {
    host,
    port,
    user: parsed.user,
    database: parsed.database,
    password: passwordSource(options.password ?? parsed.password, { ...parsed, host, port }),
    // PostgreSQL has no TLS on a Unix socket, and libpq ignores `sslmode` there.
    ssl: host.startsWith('/') ? false : (options.ssl ?? parsed.ssl ?? false),
    channelBinding: parsed.channelBinding,
    target: parsed.target,
    isLoadBalanced: parsed.isLoadBalanced,
    others: [],
    serverOptions: parsed.serverOptions,
    applicationName: options.applicationName ?? parsed.applicationName ?? 'sluice',
    poolSize,
    snapshots: snapshotsOf(options, poolSize),
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
    tcp: parsed.tcp,
    replicas: (options.replicas ?? []).map((replica) => replicaConfig(replica, options, mode)),
    maxLagMs: atLeastOne('maxLagMs', options.maxLagMs ?? 5000),
    maxLifetimeMs: atLeastOne('maxLifetimeMs', options.maxLifetimeMs ?? 3_600_000),
    idleTimeoutMs: atLeastOne('idleTimeoutMs', options.idleTimeoutMs ?? 30_000),
    pooler: options.pooler,
    isPooled: isPooled(options, mode),
    prepare: options.prepare ?? options.pooler !== 'transaction',
    resetSession: resetSession(options),
    coalesce: options.coalesce ?? true,
    ...mode,
  };
}

function resetSession({ resetSession: chosen = 'changed' }: PostgresOptions): 'always' | 'changed' {
  if (chosen === 'always' || chosen === 'changed') return chosen;
  throw invalid("The option `resetSession` must be 'changed' or 'always'.");
}

function isPooled({ pooler }: PostgresOptions, { values }: PostgresMode): boolean {
  if (pooler === undefined || pooler === 'session') return false;
  if (pooler !== 'transaction')
    throw invalid("The option `pooler` must be 'transaction' or 'session', or left out.");
  if (values === 'portable') return true;
  throw invalid(
    "The option `pooler: 'transaction'` needs `values: 'portable'`: settings cannot travel with several statements at once.",
  );
}

/**
 * A replica has no writers to leave connections to, and PostgreSQL does not support SERIALIZABLE on it. It may be in either role: one that has become the primary
 * is not read.
 */
function replicaConfig(url: string, options: PostgresOptions, mode: PostgresMode): PostgresConfig {
  const { poolSize = 10, snapshots = Math.max(1, poolSize - 1) } = options;
  const own = { ...options, snapshots, replicas: [], hosts: [] };
  const config = resolvePostgresConfig(url, own, { ...mode, isolation: 'repeatable read' });
  return { ...config, target: config.target ?? 'any' };
}

function snapshotsOf({ snapshots }: PostgresOptions, poolSize: number): number {
  const found = atLeastOne('snapshots', snapshots ?? Math.max(1, poolSize - 2));
  if (found > poolSize) throw invalid('The option `snapshots` must not be greater than `poolSize`.');
  return found;
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
