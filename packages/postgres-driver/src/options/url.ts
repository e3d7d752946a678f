import { userInfo } from 'node:os';
import type { ConnectionOptions } from 'node:tls';
import { ConfigurationError } from '@sluice/core';
import { readLoadBalance, readTarget, type TargetSession } from './target.js';
import { readTcp, TCP_PARAMETERS, type TcpOptions } from './tcp.js';
import { type ChannelBinding, readChannelBinding, readTls, TLS_PARAMETERS } from './tls.js';

/** Where a server answers. `host` may be the directory of a Unix socket. */
export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

/** The settings of a PostgreSQL URL and of the environment; `undefined` where neither names one. */
export interface PostgresUrl {
  /** In the order in which they are tried. Never empty. */
  readonly addresses: readonly HostAddress[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly ssl: boolean | ConnectionOptions | undefined;
  readonly channelBinding: ChannelBinding;
  readonly applicationName: string | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly serverOptions: string | undefined;
  readonly tcp: TcpOptions;
  readonly target: TargetSession | undefined;
  readonly isLoadBalanced: boolean;
}

/** The supported URL parameters. Any other is refused, because ignoring one could turn TLS off or select another database. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'application_name',
  'connect_timeout',
  'dbname',
  'host',
  'load_balance_hosts',
  'options',
  'password',
  'port',
  'target_session_attrs',
  'user',
  ...TCP_PARAMETERS,
  ...TLS_PARAMETERS,
]);

/** What to write in place of parameters that other libraries have. */
const HINTS: Readonly<Record<string, string>> = {
  schema: ' Write "options=-c search_path=NAME", percent-encoded, in its place.',
  pgbouncer: " Set the driver's option `pooler: 'transaction'` in its place.",
  connection_limit: " Set the driver's option `poolSize` in its place.",
  hostaddr: ' Write the address as the host.',
};

/**
 * Parses `postgres://user:password@host:port,host:port/database?sslmode=verify-full`. Missing parts come from PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE,
 * PGCHANNELBINDING, PGTARGETSESSIONATTRS and PGLOADBALANCEHOSTS; the user is else the operating system's. As in libpq a parameter such as `host` replaces that part of the URL.
 *
 * @param option the option `ssl`, which takes the place of `sslmode`.
 * @throws ConfigurationError. Neither the error nor its cause contains the URL, which may contain a password.
 */
export function parsePostgresUrl(text: string, option?: boolean | ConnectionOptions): PostgresUrl {
  const { url, hosts } = parse(text.trim());
  const parameters = readParameters(url);
  const ssl = readTls(parameters);
  return {
    addresses: readAddresses(hosts, parameters),
    user: parameters.get('user') ?? (decode(url.username) || process.env.PGUSER || systemUser()),
    password: parameters.get('password') ?? (decode(url.password) || undefined),
    database: parameters.get('dbname') ?? (decode(url.pathname.replace(/^\//, '')) || undefined),
    ssl,
    channelBinding: readChannelBinding(parameters, (option ?? ssl ?? false) !== false),
    applicationName: parameters.get('application_name'),
    connectTimeoutMs: readSeconds(parameters.get('connect_timeout')),
    serverOptions: parameters.get('options'),
    tcp: readTcp(parameters),
    target: readTarget(parameters),
    isLoadBalanced: readLoadBalance(parameters),
  };
}

/** The standard's parser knows neither a list of hosts nor a user without a host, so the hosts are taken out before. */
function parse(text: string): { readonly url: URL; readonly hosts: string } {
  const [, scheme = '', user = '', hosts = '', rest = ''] =
    /^([a-z]+:\/\/)((?:[^/?#]*@)?)([^/?#@]*)(.*)$/is.exec(text) ?? [];
  try {
    return { url: new URL(`${scheme}${user}host${rest}`), hosts };
  } catch {
    // The parser's error contains the URL, so it does not become the cause.
    throw unreadable();
  }
}

/** The operating system's user, as in libpq; `pg` only knows what the environment calls it. */
function systemUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // The process may run under a number without a name.
    return undefined;
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(
      'The PostgreSQL URL holds a "%" that is not part of an encoded character. Write it as %25.',
    );
  }
}

function readParameters(url: URL): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!PARAMETERS.has(name)) {
      const known = [...PARAMETERS].sort().join(', ');
      throw invalid(`The URL parameter "${name}" is not supported.${HINTS[name] ?? ''} Known are ${known}.`);
    }
    if (parameters.has(name) && parameters.get(name) !== value)
      throw invalid(`The URL gives the parameter "${name}" twice, with different values.`);
    parameters.set(name, value);
  }
  return parameters;
}

/** As in libpq there is one port for each host, or one for all. */
function readAddresses(hosts: string, parameters: ReadonlyMap<string, string>): HostAddress[] {
  const written = hosts === '' ? [] : hosts.split(',').map(splitAddress);
  const given = parameters.get('host') ?? (written.length === 0 ? process.env.PGHOST : undefined);
  const names = given?.split(',') ?? (written.length === 0 ? [''] : written.map(({ host }) => host));
  const ports = parameters.get('port')?.split(',') ?? written.map(({ port }) => port);
  const fallback = ports.length === 1 ? ports[0] : undefined;
  if (ports.length > 1 && ports.length !== names.length)
    throw invalid(`The URL names ${names.length} hosts and ${ports.length} ports.`);
  return names.map((host, index) => ({
    host: host || 'localhost',
    port: readPort(ports[index] || fallback || process.env.PGPORT || '5432'),
  }));
}

function splitAddress(text: string): { readonly host: string; readonly port: string } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(text);
  if (match === null) throw unreadable();
  return { host: decode(match[1] ?? match[2] ?? ''), port: match[3] ?? '' };
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw invalid('The port of the PostgreSQL URL must be a number from 1 to 65535.');
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text) * 1000;
  throw invalid('The URL parameter "connect_timeout" must be a whole number of seconds.');
}

function unreadable(): ConfigurationError {
  return invalid(
    'The PostgreSQL URL cannot be read. Write postgres://user:password@host:port/database, with special characters in the password percent-encoded.',
  );
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
