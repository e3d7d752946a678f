import type { Kysely } from 'kysely';
import { MigrationError } from '../errors/usage-errors.js';

/** Where a migration runs. */
export interface MigrationContext {
  /** The name of the driver, such as `sqlite` or `postgres`. For what one engine does in a way of its own. */
  readonly driver: string;
}

/** A migration: Kysely's, and how Sluice runs it. A module of a folder of migrations has the same members as its exports. */
export interface StorageMigration {
  /** Applies the migration. */
  // biome-ignore lint/suspicious/noExplicitAny: a migration gives the database the type that it has at that moment, as with Kysely's own.
  up(db: Kysely<any>, context: MigrationContext): Promise<void>;
  /** Undoes it. Default: it cannot be undone. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  down?(db: Kysely<any>, context: MigrationContext): Promise<void>;
  /**
   * `false` for statements that the engine refuses in a transaction, such as PostgreSQL's CREATE INDEX CONCURRENTLY. Then each statement commits by
   * itself, and a failure leaves what was done before it. No effect on an engine that has no such statements, as on SQLite: there the migration runs in
   * a transaction like the others. Default true.
   */
  readonly transaction?: boolean | undefined;
}

/** Gives the migrations, each under its name. A MigrationProvider of Kysely is one. */
export interface StorageMigrationProvider {
  getMigrations(): Promise<Record<string, StorageMigration>>;
}

/** Refuses a migration that would not run as it says. @throws MigrationError when `transaction` is neither true nor false. */
export function assertMigrations(migrations: Readonly<Record<string, StorageMigration>>): void {
  for (const [migration, { transaction }] of Object.entries(migrations)) {
    if (transaction === undefined || typeof transaction === 'boolean') continue;
    throw new MigrationError(
      `\`transaction\` of the migration "${migration}" must be true or false; nothing was run.`,
      { migration },
    );
  }
}
