import { CamelCasePlugin, type KyselyPlugin } from 'kysely';

/** How the names the application uses relate to those in the database. */
export interface Naming {
  /** Kysely plugins that apply the same rule to plain queries. */
  readonly plugins: readonly KyselyPlugin[];
  /** The database's name of a property. */
  toColumn(property: string): string;
  /** The application's name of a column. */
  toProperty(column: string): string;
}

/** Names are the same on both sides. */
export const sameNaming: Naming = { plugins: [], toColumn: (name) => name, toProperty: (name) => name };

/** `uploadedAt` in the application is `uploaded_at` in the database, by the rules of Kysely's CamelCasePlugin. JSON is left alone. */
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
