import type { PostgresConfig } from '../options/options.js';
import { quoteLiteral } from '../sql/quoting.js';

/** What the server reports about itself when a session is configured. */
export interface ServerFacts {
  /** `150018` is 15.18. */
  readonly version: string;
  /** Encoding of the database: `UTF8`. */
  readonly encoding: string;
  /** `on` where the server, the role or the database makes transactions read-only by default. */
  readonly read_only: string;
  /** Whether the server is a standby. */
  readonly in_recovery: string;
  /** The server's process. */
  readonly pid: number | string;
}

type SessionConfig = Pick<PostgresConfig, 'isolation' | 'limits' | 'tcp' | 'values'>;

/**
 * The one statement that configures a session and returns {@link ServerFacts}. Values are received as text, so the settings that decide their
 * format are set here. In `native` mode it sets only what `pg`'s own parsers rely on; the rest stays as server, role and database set it.
 */
export function sessionStatement(config: SessionConfig): {
  readonly text: string;
  readonly parameters: readonly string[];
} {
  const entries = settingsOf(config);
  const calls = entries.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
  const limits = [
    ...Object.entries(config.limits).map(([name, ms]) => limit(name, ms, false)),
    ...tcpCalls(config),
  ];
  return { text: `${SERVER_FACTS}, ${[...calls, ...limits].join(', ')}`, parameters: entries.flat() };
}

/** Reads {@link ServerFacts} alone. Behind a pooler a session is shared with other clients, and nothing may be set in it. */
export const SERVER_FACTS =
  "select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding, current_setting('default_transaction_read_only') as read_only, pg_is_in_recovery()::text as in_recovery, pg_backend_pid() as pid";

/** The query that makes the same settings for one transaction. It has no parameters. */
export function transactionSettings(config: SessionConfig): string {
  return `select ${callsOf(config, true).join(', ')}`;
}

/** The query that makes them for the session again, and evaluates `also` in the same round trip. It has no parameters. */
export function settingsStatement(config: SessionConfig, also: string): string {
  return `select ${[also, ...callsOf(config, false), ...tcpCalls(config)].join(', ')}`;
}

function callsOf(config: SessionConfig, isLocal: boolean): string[] {
  const calls = settingsOf(config).map(
    ([name, value]) => `set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, ${isLocal})`,
  );
  const limits = Object.entries(config.limits).map(([name, ms]) => limit(name, ms, isLocal));
  return [...calls, ...limits];
}

function settingsOf({ values, isolation }: SessionConfig): [name: string, value: string][] {
  const settings = values === 'portable' ? { ...NATIVE_SETTINGS, ...PORTABLE_SETTINGS } : NATIVE_SETTINGS;
  return Object.entries({ ...settings, default_transaction_isolation: isolation });
}

/** Sets a limit in milliseconds, unless server, role or database have set a stricter one; 0 is none. The server shows a time with its unit, as in `5min`. */
export function limit(name: string, ms: number, isLocal: boolean): string {
  const own = `extract(epoch from current_setting('${name}')::interval) * 1000`;
  return `set_config('${name}', least(nullif(${own}, 0), ${ms})::bigint::text, ${isLocal})`;
}

/**
 * Lets the server notice a client that is gone, so that its transaction and its locks end. Servers of the family that do not know a setting are left alone. No
 * effect on a Unix socket (postgresql.org/docs/current/runtime-config-connection.html).
 */
function tcpCalls({ tcp }: SessionConfig): string[] {
  return Object.entries(tcp.serverSettings).map(
    ([name, value]) =>
      `case when current_setting('${name}', true) is not null then set_config('${name}', '${value}', false) end`,
  );
}

const NATIVE_SETTINGS: Readonly<Record<string, string>> = { DateStyle: 'ISO, MDY' };

const PORTABLE_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
};
