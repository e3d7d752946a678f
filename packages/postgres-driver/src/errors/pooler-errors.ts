import { ConfigurationError, type DatabaseWarning, UnsupportedError } from '@sluice/core';
import type { PostgresConfig } from '../options/options.js';
import type { LastingEffect } from '../sql/lasting-effects.js';
import { endpoint } from './errors.js';

type Address = Pick<PostgresConfig, 'host' | 'port'>;

/** The error where a pooler in transaction mode was noticed that the options do not name; `cause` is what showed it, if an error did. */
export function sharedSessionError(address: Address, cause?: unknown): ConfigurationError {
  const message =
    `At ${endpoint(address)} a pooler runs the statements of one connection in several sessions, which other clients use too. ` +
    "Set `pooler: 'transaction'`, or connect to PostgreSQL itself, or to a pooler in session mode.";
  return new ConfigurationError('invalid_configuration', message, cause === undefined ? {} : { cause });
}

/** The error for `prepare: true` behind a pooler that does not keep prepared statements. */
export function unkeptStatementsError(address: Address, cause?: unknown): ConfigurationError {
  const message =
    `The pooler at ${endpoint(address)} does not keep prepared statements: it passes their names on to sessions that other clients use too. ` +
    'Leave `prepare` out, or let the pooler keep them (PgBouncer from 1.21 on, with `max_prepared_statements`).';
  return new ConfigurationError('invalid_configuration', message, cause === undefined ? {} : { cause });
}

/** The error for a migration without a transaction behind a pooler in transaction mode: its lock would stay in a session that other clients use. */
export function needsSessionError(operation: string | undefined): UnsupportedError {
  return new UnsupportedError(
    'A migration with `transaction = false` needs a session of its own, which a pooler in transaction mode does not give. Migrate through a direct connection.',
    { operation },
  );
}

/** The error for a statement that would leave something in a session, where a pooler lends the session to other clients after each transaction. */
export function lastingEffectError(
  { what, instead }: LastingEffect,
  operation: string | undefined,
): UnsupportedError {
  const message =
    `${what} would outlive its transaction, in a session that other clients use next: the pooler lends it for one transaction (\`pooler: 'transaction'\`). ` +
    `${instead}; or connect to PostgreSQL itself, or to a pooler in session mode. Nothing was executed.`;
  return new UnsupportedError(message, { operation });
}

/** The warning for a pooler that the options do not name, and of which it is not known that it runs in transaction mode. */
export function poolerWarning({ host, port }: Address): DatabaseWarning {
  const message =
    `At ${endpoint({ host, port })} a pooler is between this process and PostgreSQL. If it gives each connection a session of its own, set ` +
    "`pooler: 'session'` to say so. If it runs in transaction mode, set `pooler: 'transaction'`: without it, transactions lose their isolation.";
  return { code: 'unnamed_pooler', message, details: { host, port } };
}
