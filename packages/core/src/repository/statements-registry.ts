import type { Kysely, KyselyPlugin } from 'kysely';
import { type Catalog, type CatalogTable, findNamed } from '../catalog/catalog.js';
import { TypedValuesPlugin } from '../dialect/typed-values.js';
import type { CatalogQuestion, CatalogSource } from '../driver/catalog-source.js';
import type { DatabaseSql } from '../driver/driver.js';
import { unknownTable } from '../errors/invalid-query.js';
import type { Naming } from '../naming/naming.js';
import { RepositoryStatements } from './repository-statements.js';
import { type ColumnForms, TableShape } from './table-shape.js';
import type { AnyTables } from './where.js';

/** What a {@link StatementsRegistry} builds statements from. */
export interface StatementsSource {
  readonly catalog: CatalogSource;
  /** A Kysely that only compiles statements. */
  readonly compiler: Kysely<AnyTables>;
  readonly sql: DatabaseSql;
  readonly naming: Naming;
  readonly maxParameters: number;
}

interface Entry {
  readonly table: CatalogTable;
  readonly statements: RepositoryStatements;
}

/** The statements of all repositories of a storage. The storage and its transactions share them, so that each is compiled once. */
export class StatementsRegistry {
  readonly catalog: CatalogSource;
  readonly #source: StatementsSource;
  readonly #entries = new Map<string, Entry>();
  /** The plugins of the expressions that callbacks build. */
  readonly #plugins: readonly KyselyPlugin[];
  /** The catalog by which values are encoded, while it is not the one that is known. */
  #earlier: Catalog | undefined;

  constructor(source: StatementsSource) {
    const { catalog, naming, sql } = source;
    this.catalog = catalog;
    this.#source = source;
    this.#plugins = [...naming.plugins, new TypedValuesPlugin(() => this.#earlier ?? catalog.tables, sql)];
  }

  /** Builds statements as they were built when `catalog` was the known one. */
  asOf<T>(catalog: Catalog, build: () => T): T {
    this.#earlier = catalog;
    try {
      return build();
    } finally {
      this.#earlier = undefined;
    }
  }

  /** The table as last read; `undefined` when it is unknown. */
  table(name: string): CatalogTable | undefined {
    return findNamed(this.catalog.tables, this.#toColumn(name));
  }

  /** The statements of a table with this key; `undefined` when the table is unknown. @throws UsageError `unknown_column` or `invalid_key`. */
  known(name: string, key: readonly string[], forms?: ColumnForms): RepositoryStatements | undefined {
    const table = this.table(name);
    return table === undefined ? undefined : this.#entry(name, key, table, forms);
  }

  /** As {@link StatementsRegistry.known}. @throws UsageError `unknown_table` as well. */
  required(name: string, key: readonly string[], forms?: ColumnForms): RepositoryStatements {
    const statements = this.known(name, key, forms);
    if (statements !== undefined) return statements;
    throw unknownTable(name, this.#toColumn(name));
  }

  /** Asks the database again about a table. */
  ask(name: string, question: CatalogQuestion): Promise<void> {
    return this.catalog.ask(this.#toColumn(name), question);
  }

  #toColumn(name: string): string {
    return this.#source.naming.toColumn(name);
  }

  #entry(
    name: string,
    key: readonly string[],
    table: CatalogTable,
    forms: ColumnForms | undefined,
  ): RepositoryStatements {
    const plain = key.length === 1 ? `${name} ${key[0]}` : `${name} ${JSON.stringify(key)}`;
    const id = forms === undefined ? plain : `${plain} ${JSON.stringify(forms)}`;
    const entry = this.#entries.get(id);
    if (entry?.table === table) return entry.statements;
    const { compiler, maxParameters, naming, sql } = this.#source;
    const shape = new TableShape(name, table, key, naming, sql, forms);
    const plugins = shape.hasText ? this.#pluginsFor(shape.seen) : this.#plugins;
    const statements = new RepositoryStatements(shape, compiler, sql, plugins, maxParameters);
    this.#entries.set(id, { table, statements });
    return statements;
  }

  /** The plugins for expressions in which the table is as a repository has it. */
  #pluginsFor(table: CatalogTable): readonly KyselyPlugin[] {
    let known: Catalog | undefined;
    let seen: Catalog = new Map();
    const catalog = (): Catalog => {
      const tables = this.#earlier ?? this.catalog.tables;
      if (known !== tables) seen = new Map(tables).set(table.name, table);
      known = tables;
      return seen;
    };
    const { naming, sql } = this.#source;
    return [...naming.plugins, new TypedValuesPlugin(catalog, sql)];
  }
}
