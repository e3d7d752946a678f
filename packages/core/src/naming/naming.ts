import { CamelCasePlugin, type KyselyPlugin } from 'kysely';

/** Maps the application's names of tables and columns to the database's, and back. */
export interface Naming {
  /** Kysely plugins that map the names in plain queries by the same rule. */
  readonly plugins: readonly KyselyPlugin[];
  /** The database's name for an application's name. */
  toColumn(property: string): string;
  /** The application's name for a database's name. */
  toProperty(column: string): string;
}

/** The application and the database use the same names. */
export const sameNaming: Naming = { plugins: [], toColumn: (name) => name, toProperty: (name) => name };

/** Maps `uploadedAt` in the application to `uploaded_at` in the database, by the rules of Kysely's CamelCasePlugin. Keys inside JSON values stay as they are. */
export function camelCaseNaming(): Naming {
  const plugin = new NamingPlugin({ maintainNestedObjectKeys: true });
  return {
    plugins: [plugin],
    toColumn: (property) => plugin.toColumn(property),
    toProperty: (column) => plugin.toProperty(column),
  };
}

class NamingPlugin extends CamelCasePlugin {
  toColumn(property: string): string {
    return this.snakeCase(property);
  }

  toProperty(column: string): string {
    return this.camelCase(column);
  }
}
