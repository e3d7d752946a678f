import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { ConfigurationError } from '@sluice/core';
import { readTcp, TCP_PARAMETERS, type TcpOptions } from './tcp.js';

/** The settings of a PostgreSQL URL and of the environment; `undefined` where neither names one. */
export interface PostgresUrl {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly ssl: boolean | ConnectionOptions | undefined;
  readonly applicationName: string | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly serverOptions: string | undefined;
  readonly tcp: TcpOptions;
}

/** The supported URL parameters. Any other is refused, because ignoring one could turn TLS off or select another database. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'application_name',
  'connect_timeout',
  'host',
  'options',
  'port',
  'sslmode',
  'sslrootcert',
  ...TCP_PARAMETERS,
]);

/**
 * Parses `postgres://user:password@host:port/database?sslmode=verify-full`. Missing parts come from PGHOST, PGPORT, PGUSER,
 * PGDATABASE and PGSSLMODE. `host` may be the directory of a Unix socket.
 *
 * @throws ConfigurationError. Neither the error nor its cause contains the URL, which may contain a password.
 */
export function parsePostgresUrl(text: string): PostgresUrl {
  const url = parse(text);
  const parameters = readParameters(url);
  const host =
    parameters.get('host') ?? (decode(url.hostname).replace(/^\[(.*)\]$/, '$1') || process.env.PGHOST);
  if (host?.includes(',')) throw invalid('The URL names several hosts; only one is supported.');
  return {
    host: host ?? 'localhost',
    port: readPort(parameters.get('port') ?? (url.port || process.env.PGPORT || '5432')),
    user: decode(url.username) || undefined,
    password: decode(url.password) || undefined,
    database: decode(url.pathname.replace(/^\//, '')) || undefined,
    ssl: readSsl(parameters),
    applicationName: parameters.get('application_name'),
    connectTimeoutMs: readSeconds(parameters.get('connect_timeout')),
    serverOptions: parameters.get('options'),
    tcp: readTcp(parameters),
  };
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The parser's error contains the URL, so it does not become the cause.
    throw invalid(
      'The PostgreSQL URL cannot be read. Write postgres://user:password@host:port/database, with special characters in the password percent-encoded.',
    );
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
      throw invalid(`The URL parameter "${name}" is not supported. Known are ${[...PARAMETERS].join(', ')}.`);
    }
    parameters.set(name, value);
  }
  return parameters;
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

/** Verifies the certificate wherever TLS is requested, also for `require`. Only `no-verify` turns the verification off. */
function readSsl(parameters: ReadonlyMap<string, string>): boolean | ConnectionOptions | undefined {
  const mode = parameters.get('sslmode') ?? process.env.PGSSLMODE;
  const rootFile = parameters.get('sslrootcert');
  const ca = rootFile === undefined || rootFile === 'system' ? {} : { ca: readRootCertificate(rootFile) };
  switch (mode) {
    case undefined:
      if (rootFile !== undefined) throw invalid('The URL has "sslrootcert" without "sslmode=verify-full".');
      return undefined;
    case 'disable':
      return false;
    case 'require':
    case 'verify-full':
      return { ...ca, rejectUnauthorized: true };
    case 'verify-ca':
      return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'no-verify':
      return { rejectUnauthorized: false };
    default:
      throw invalid(
        `sslmode "${mode}" is not supported: it may go on without TLS unnoticed. Use disable, verify-full, verify-ca, require (the same as verify-full) or no-verify.`,
      );
  }
}

function readRootCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigurationError('invalid_configuration', 'The file named by "sslrootcert" cannot be read.', {
      cause,
    });
  }
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
