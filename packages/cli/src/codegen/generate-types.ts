import type { Catalog } from '@sluice/core';
import { serializeFromMetadata } from 'kysely-codegen';
import { CatalogDialect } from './catalog-dialect.js';
import { describeCatalog } from './catalog-metadata.js';
import { TypesSerializer } from './types-serializer.js';

/** Options of {@link generateTypes}. */
export interface GenerateTypesOptions {
  /** Whether `uploaded_at` is written as `uploadedAt`, as with the storage's option of the same name. Default false. */
  readonly camelCase?: boolean | undefined;
}

/** The generated types of a database. */
export interface GeneratedTypes {
  /** A TypeScript module that exports `DB` and an interface for each table and view. */
  readonly text: string;
  /** The number of tables and views in the text. */
  readonly tables: number;
  /** A sentence for each column whose declared type is not in the contract. Its type is `unknown`. */
  readonly unknownColumns: readonly string[];
}

/**
 * Generates the types of the values in the contract (C1) for every table and view of a catalog. The text depends only on names and types,
 * and is sorted by code point: the same schema gives the same bytes on every driver and every machine.
 */
export function generateTypes(catalog: Catalog, options: GenerateTypesOptions = {}): GeneratedTypes {
  const { metadata, overrides, unknownColumns } = describeCatalog(catalog);
  const text = serializeFromMetadata({
    camelCase: options.camelCase ?? false,
    dialect: new CatalogDialect(),
    metadata,
    overrides: { columns: overrides },
    serializer: new TypesSerializer(),
  });
  return { text, tables: metadata.tables.length, unknownColumns };
}
