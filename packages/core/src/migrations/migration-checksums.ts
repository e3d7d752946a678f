import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { MigrationError } from '../errors/usage-errors.js';
import type { StorageMigration } from './storage-migration.js';

interface ChecksumTables {
  sluice_migration: { name: string; checksum: string };
}

/** Stores a checksum of each applied migration in the table `sluice_migration`, to detect a migration that was edited after it was applied. */
export class MigrationChecksums {
  readonly #kysely: Kysely<ChecksumTables>;
  readonly #migrations: Readonly<Record<string, StorageMigration>>;

  constructor(kysely: Kysely<unknown>, migrations: Readonly<Record<string, StorageMigration>>) {
    this.#kysely = kysely as Kysely<ChecksumTables>;
    this.#migrations = migrations;
  }

  /** Compares the applied migrations with their checksums. @throws MigrationError for the first one that was edited. */
  async verify(): Promise<void> {
    for (const [name, recorded] of await this.#recorded()) {
      const current = this.#checksum(name);
      if (current === undefined || current === recorded) continue;
      throw new MigrationError(
        `The migration "${name}" was edited after it had been applied, so this database is not what it describes. ` +
          'Restore it and write a new migration; or, when the edit changes nothing, accept it with `migrator.repair()`.',
        { migration: name },
      );
    }
  }

  /** Stores a checksum for each migration in `applied` that has none, and deletes those of all other migrations. @param isRepair whether to replace existing checksums. */
  async record(applied: readonly string[], isRepair: boolean): Promise<void> {
    const recorded = await this.#recorded();
    const names = new Set(applied);
    for (const name of [...recorded.keys()].filter((each) => isRepair || !names.has(each))) {
      await this.#kysely.deleteFrom('sluice_migration').where('name', '=', name).execute();
    }
    for (const name of names) {
      const checksum = this.#checksum(name);
      if (checksum === undefined || (recorded.has(name) && !isRepair)) continue;
      await this.#kysely.insertInto('sluice_migration').values({ name, checksum }).execute();
    }
  }

  async #recorded(): Promise<Map<string, string>> {
    await this.#kysely.schema
      .createTable('sluice_migration')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('checksum', 'text', (column) => column.notNull())
      .execute();
    const rows = await this.#kysely.selectFrom('sluice_migration').selectAll().execute();
    return new Map(rows.map(({ name, checksum }) => [name, checksum]));
  }

  #checksum(name: string): string | undefined {
    const migration = this.#migrations[name];
    return migration === undefined ? undefined : checksumOf(migration);
  }
}

/**
 * A checksum of the functions' source text. It ignores white space, semicolons, commas and the kind of quotes, so that it is the same for the
 * TypeScript source and for the compiled module. It does not include functions that the migration calls: keep migrations self-contained.
 */
export function checksumOf({ up, down }: StorageMigration): string {
  const source = `${up} ${down ?? ''}`.replaceAll(/[\s;,]/g, '').replaceAll(/["`]/g, "'");
  return createHash('sha256').update(source).digest('hex');
}
