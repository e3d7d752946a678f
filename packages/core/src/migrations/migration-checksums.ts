import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { MigrationError } from '../errors/usage-errors.js';

interface ChecksumTables {
  sluice_migration: { name: string; checksum: string };
}

/** Remembers what each applied migration was, so that one that was edited afterwards is noticed instead of believed. */
export class MigrationChecksums {
  readonly #kysely: Kysely<ChecksumTables>;
  readonly #migrations: Readonly<Record<string, Migration>>;

  constructor(kysely: Kysely<unknown>, migrations: Readonly<Record<string, Migration>>) {
    this.#kysely = kysely as Kysely<ChecksumTables>;
    this.#migrations = migrations;
  }

  /** @throws MigrationError naming the first applied migration that is no longer what it was. */
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

  /** Records the migrations in `applied` as they are now, and forgets all others. Those recorded before keep their record unless `isRepair`. */
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
 * A digest of the functions' source. White space, semicolons, commas and the kind of quotes do not count, so that a migration is the
 * same whether it runs from its TypeScript source or as compiled. Helpers it calls do not count either: keep migrations self-contained.
 */
export function checksumOf({ up, down }: Migration): string {
  const source = `${up} ${down ?? ''}`.replaceAll(/[\s;,]/g, '').replaceAll(/["`]/g, "'");
  return createHash('sha256').update(source).digest('hex');
}
