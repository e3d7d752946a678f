import { ConfigurationError } from '@sluice/core';

/** Which servers are taken, as in libpq (postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS). */
export type TargetSession = (typeof TARGETS)[number];

const TARGETS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;

/** What a server says about itself when a connection is opened. */
export interface ServerRole {
  /** Whether it applies the log of another server, and so takes no writes. */
  readonly isStandby: boolean;
  /** Whether the server, the role or the database makes transactions read-only by default. */
  readonly isReadOnly: boolean;
}

/** Whether `target` takes a server. `prefer-standby` takes any, because the preference is a matter of the order in which servers are tried. */
export function takes(target: TargetSession, { isStandby, isReadOnly }: ServerRole): boolean {
  switch (target) {
    case 'read-write':
      return !isStandby && !isReadOnly;
    case 'read-only':
      return isStandby || isReadOnly;
    case 'primary':
      return !isStandby;
    case 'standby':
      return isStandby;
    default:
      return true;
  }
}

/** Reads `target_session_attrs`, else PGTARGETSESSIONATTRS. @throws ConfigurationError. */
export function readTarget(parameters: ReadonlyMap<string, string>): TargetSession | undefined {
  const text = parameters.get('target_session_attrs') ?? process.env.PGTARGETSESSIONATTRS;
  if (text === undefined) return undefined;
  const found = TARGETS.find((target) => target === text);
  if (found !== undefined) return found;
  throw invalid(`target_session_attrs must be one of ${TARGETS.join(', ')}.`);
}

/** Reads `load_balance_hosts`, else PGLOADBALANCEHOSTS: whether the servers are tried in random order. @throws ConfigurationError. */
export function readLoadBalance(parameters: ReadonlyMap<string, string>): boolean {
  const text = parameters.get('load_balance_hosts') ?? process.env.PGLOADBALANCEHOSTS ?? 'disable';
  if (text === 'disable' || text === 'random') return text === 'random';
  throw invalid('load_balance_hosts must be disable or random.');
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
