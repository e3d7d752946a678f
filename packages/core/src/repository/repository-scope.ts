import { invalidQuery } from '../errors/invalid-query.js';
import type { RepositoryHost } from './repository-calls.js';

/** What gives out repositories that run on its host. */
export interface RepositoryScope {
  readonly repositoryHost: RepositoryHost;
}

/** The host of a scope to which a repository that runs on `own` can be bound. @throws UsageError `invalid_query` when there is none. */
export function hostOf(scope: unknown, own: RepositoryHost): RepositoryHost {
  const host = isScope(scope) ? scope.repositoryHost : undefined;
  if (host === undefined) throw invalidQuery('`in` takes a storage, the `tx` of a callback, or a snapshot');
  // Statements are made for the tables of one storage.
  if (host.statements !== own.statements) throw invalidQuery('`in` was given the scope of another storage');
  return host;
}

function isScope(scope: unknown): scope is Partial<RepositoryScope> {
  return typeof scope === 'object' && scope !== null && 'repositoryHost' in scope;
}
