import { type DialectAdapter, DialectAdapterBase } from 'kysely';

/**
 * The Kysely adapter inside a transaction. Schema changes are part of the transaction. Kysely's Migrator needs no lock of its own, because the
 * driver runs only one schema-changing transaction at a time.
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
