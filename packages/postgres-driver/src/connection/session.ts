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
  /** The server's process. */
  readonly pid: number | string;
}

type SessionConfig = Pick<PostgresConfig, 'isolation' | 'limits' | 'values'>;

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
  return { text: `${SERVER_FACTS}, ${calls.join(', ')}`, parameters: entries.flat() };
}

/** Reads {@link ServerFacts} alone. Behind a pooler a session is shared with other clients, and nothing may be set in it. */
export const SERVER_FACTS =
  "select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding, current_setting('default_transaction_read_only') as read_only, pg_backend_pid() as pid";

/** The query that makes the same settings for one transaction. It has no parameters. */
export function transactionSettings(config: SessionConfig): string {
  const calls = settingsOf(config).map(
    ([name, value]) => `set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`,
  );
  return `select ${calls.join(', ')}`;
}

function settingsOf({ values, isolation, limits }: SessionConfig): [name: string, value: string][] {
  const settings = values === 'portable' ? { ...NATIVE_SETTINGS, ...PORTABLE_SETTINGS } : NATIVE_SETTINGS;
  const all = { ...settings, ...limits, default_transaction_isolation: isolation };
  return Object.entries(all).map(([name, value]) => [name, String(value)]);
}

const NATIVE_SETTINGS: Readonly<Record<string, string>> = { DateStyle: 'ISO, MDY' };

const PORTABLE_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
};
