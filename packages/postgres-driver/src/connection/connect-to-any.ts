import { ConnectionError } from '@sluice/core';
import { endpoint, isTransient } from '../errors/errors.js';
import type { PostgresConfig } from '../options/options.js';
import type { ConstraintLookup } from '../schema/constraints.js';
import { connect } from './connect.js';
import type { PostgresConnection } from './connection.js';

/** How long a server has before the next one is tried beside it, in milliseconds: one that is gone may not even refuse. */
const STAGGER_MS = 500;

/**
 * Opens a connection to the first server that answers and that the target takes, in the order of the URL, or of chance with `load_balance_hosts=random`. For
 * `prefer-standby` all standbys come before all others.
 *
 * @param preferred the server to try first, such as the one that was taken last.
 * @throws ConfigurationError or ConnectionError; one that will not pass only where no server gives another.
 */
export async function connectToAny(
  config: PostgresConfig,
  placeOf: ConstraintLookup,
  preferred?: PostgresConfig,
): Promise<PostgresConnection> {
  if (config.others.length === 0) return connect(config, placeOf);
  const servers = inOrder(config, preferred);
  if (config.target !== 'prefer-standby') return first(servers, placeOf);
  try {
    return await first(
      servers.map((server) => ({ ...server, target: 'standby' })),
      placeOf,
    );
  } catch {
    return first(servers, placeOf);
  }
}

/** All servers of a configuration, in the order of the URL. Each of them has the others, so that it is not waited for alone. */
export function serversOf(config: PostgresConfig): readonly PostgresConfig[] {
  return [config, ...config.others.map((other) => ({ ...other, others: [config] }))];
}

/** Whether both lead to the same server. */
export function isSameServer(
  a: Pick<PostgresConfig, 'host' | 'port'>,
  b: Pick<PostgresConfig, 'host' | 'port'>,
): boolean {
  return a.host === b.host && a.port === b.port;
}

function inOrder(config: PostgresConfig, preferred: PostgresConfig | undefined): readonly PostgresConfig[] {
  const servers = serversOf(config);
  if (config.isLoadBalanced) return shuffled(servers);
  if (preferred === undefined) return servers;
  return servers.toSorted((a, b) => Number(isSameServer(b, preferred)) - Number(isSameServer(a, preferred)));
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Begins with the next server when one has failed, or has not answered for a while. */
async function first(
  servers: readonly PostgresConfig[],
  placeOf: ConstraintLookup,
): Promise<PostgresConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<PostgresConnection>();
  const errors: unknown[] = [];
  let begun = 0;
  let isSettled = false;
  let timer: NodeJS.Timeout | undefined;
  const beginNext = (): void => {
    clearTimeout(timer);
    const server = isSettled ? undefined : servers[begun];
    if (server === undefined) return;
    begun += 1;
    timer = setTimeout(beginNext, STAGGER_MS);
    connect(server, placeOf).then(take, fail);
  };
  const take = (connection: PostgresConnection): void => {
    clearTimeout(timer);
    if (isSettled) void connection.end();
    isSettled = true;
    resolve(connection);
  };
  const fail = (error: unknown): void => {
    errors.push(error);
    if (errors.length < servers.length) beginNext();
    else reject(errorOfAll(servers, errors));
  };
  beginNext();
  return promise;
}

/** Where all servers refuse for good, the first of their errors. Otherwise one that passes: the server that was meant may be the one that is away. */
function errorOfAll(servers: readonly PostgresConfig[], errors: readonly unknown[]): unknown {
  const lasting = errors.filter((error) => !isTransient(error));
  if (lasting.length === errors.length) return lasting[0];
  const isReached = errors.some((error) => error instanceof ConnectionError && error.code === 'read_only');
  const reasons = lasting.map((error) => (error instanceof Error ? ` ${error.message}` : ''));
  const message = `None of ${servers.map(endpoint).join(', ')} is reached and has the role that is wanted.${reasons.join('')}`;
  const cause = new AggregateError(errors, message);
  return new ConnectionError(isReached ? 'read_only' : 'connection_failed', message, { cause });
}
