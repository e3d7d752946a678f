import { assertKnownOptions } from '../options/known-options.js';
import type {
  KeyColumns,
  Repositories,
  Repository,
  RepositoryOptions,
  TableName,
  TextColumns,
  TextRepositoryOptions,
  WithText,
} from './repository.js';
import type { RepositoryHost } from './repository-calls.js';
import type { RepositoryScope } from './repository-scope.js';
import { TableRepository } from './table-repository.js';
import type { ColumnForms } from './table-shape.js';

const NAMES = { key: true, as: true } as const;

/** Gives repositories that run on one host. */
export abstract class HostedRepositories<DB> implements Repositories<DB>, RepositoryScope {
  /** Read by `repository.in(scope)`; no part of the interface that applications see. */
  abstract get repositoryHost(): RepositoryHost;

  repository<
    T extends TableName<DB>,
    const A extends TextColumns<DB, T>,
    const K extends KeyColumns<WithText<DB, T, A>, T>,
  >(table: T, options: TextRepositoryOptions<K, A>): Repository<WithText<DB, T, A>, T, K>;
  repository<T extends TableName<DB>, const K extends KeyColumns<DB, T>>(
    table: T,
    options: RepositoryOptions<K>,
  ): Repository<DB, T, K>;
  repository(table: TableName<DB>, options: { readonly key: unknown; readonly as?: ColumnForms }): unknown {
    assertKnownOptions<typeof options>('repository', options, NAMES);
    const { key, as } = options;
    return new TableRepository<DB, TableName<DB>, KeyColumns<DB, TableName<DB>>>(
      this.repositoryHost,
      table,
      key as KeyColumns<DB, TableName<DB>>,
      as,
    );
  }
}
