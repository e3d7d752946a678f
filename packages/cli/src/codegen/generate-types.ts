import type { Catalog } from '@sluice/core';
import { serializeFromMetadata } from 'kysely-codegen';
import { CatalogDialect } from './catalog-dialect.js';
import { describeCatalog } from './catalog-metadata.js';
import { TypesSerializer } from './types-serializer.js';

/** How types are written. */
export interface GenerateTypesOptions {
  /** Whether `uploaded_at` is written `uploadedAt`, as the storage's own option of this name does. Default false. */
  readonly camelCase?: boolean | undefined;
}

/** The types of a database. */
export interface GeneratedTypes {
  /** A TypeScript module that exports `DB` and an interface for each table and view. */
  readonly text: string;
  /** How many tables and views it describes. */
  readonly tables: number;
  /** A sentence for each column whose declared type is none of the contract's, and which is written as `unknown`. */
  readonly unknownColumns: readonly string[];
}

/**
 * Writes the types of the values that the contract promises (C1) for every table and view of a catalog. The text depends on names and types alone,
 * sorted by code point: the same schema gives the same bytes on every driver and every machine.
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
