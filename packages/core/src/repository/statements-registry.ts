import type { Kysely, KyselyPlugin } from 'kysely';
import type { Catalog, CatalogTable } from '../catalog/catalog.js';
import type { DatabaseSql } from '../driver/driver.js';
import { UsageError } from '../errors/usage-errors.js';
import type { Naming } from '../naming/naming.js';
import { RepositoryStatements } from './repository-statements.js';
import { TableShape } from './table-shape.js';
import type { AnyTables } from './where.js';

/** What a {@link StatementsRegistry} builds statements from. */
export interface StatementsSource {
  /** Returns the tables as last read. */
  readonly tables: () => Catalog;
  /** Reads the tables again. */
  readonly refresh: () => Promise<unknown>;
  /** A Kysely that only compiles statements. */
  readonly compiler: Kysely<AnyTables>;
  readonly sql: DatabaseSql;
  readonly naming: Naming;
  /** Plugins of plain Kysely queries. */
  readonly plugins: readonly KyselyPlugin[];
  readonly maxParameters: number;
}

interface Entry {
  readonly table: CatalogTable;
  readonly statements: RepositoryStatements;
}

/** The statements of all repositories of a storage. The storage and its transactions share them, so that each is compiled once. */
export class StatementsRegistry {
  readonly #source: StatementsSource;
  readonly #entries = new Map<string, Entry>();

  constructor(source: StatementsSource) {
    this.#source = source;
  }

  /** The tables that the statements were built for. Statements are valid while this is the same object. */
  get catalog(): Catalog {
    return this.#source.tables();
  }

  /** The statements of a table with this key; `undefined` when the table is unknown. @throws UsageError `unknown_column` or `invalid_key`. */
  known(name: string, key: readonly string[]): RepositoryStatements | undefined {
    const table = this.#source.tables().get(this.#source.naming.toColumn(name));
    return table === undefined ? undefined : this.#entry(name, key, table);
  }

  /** Reads the tables again and returns the statements of a table with this key. @throws UsageError `unknown_table`, `unknown_column` or `invalid_key`. */
  async lookUp(name: string, key: readonly string[]): Promise<RepositoryStatements> {
    await this.#source.refresh();
    const statements = this.known(name, key);
    if (statements !== undefined) return statements;
    throw new UsageError(
      'unknown_table',
      `There is no table "${this.#source.naming.toColumn(name)}". Create it in a migration and run the migrations first.`,
    );
  }

  #entry(name: string, key: readonly string[], table: CatalogTable): RepositoryStatements {
    const id = key.length === 1 ? `${name} ${key[0]}` : `${name} ${JSON.stringify(key)}`;
    const entry = this.#entries.get(id);
    if (entry?.table === table) return entry.statements;
    const { compiler, maxParameters, naming, plugins, sql } = this.#source;
    const shape = new TableShape(name, table, key, naming, sql);
    const statements = new RepositoryStatements(shape, compiler, sql, plugins, maxParameters);
    this.#entries.set(id, { table, statements });
    return statements;
  }
}
