import { type DialectAdapter, DialectAdapterBase } from 'kysely';

/**
 * The adapter of a transaction: what changes the schema in it is undone with it, and the lock that Kysely's Migrator would take
 * for its session is held by the transaction already.
 */
export class TransactionAdapter extends DialectAdapterBase {
  readonly #adapter: DialectAdapter;

  constructor(adapter: DialectAdapter) {
    super();
    this.#adapter = adapter;
  }

  override get supportsCreateIfNotExists(): boolean {
    return this.#adapter.supportsCreateIfNotExists ?? true;
  }

  override get supportsReturning(): boolean {
    return this.#adapter.supportsReturning ?? false;
  }

  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  override async acquireMigrationLock(): Promise<void> {}

  override async releaseMigrationLock(): Promise<void> {}
}
