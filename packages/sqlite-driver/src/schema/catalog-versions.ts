import { type Catalog, type CatalogOptions, keepUnchanged, type Row } from '@sluice/core';
import {
  CATALOG_STATEMENTS,
  type CatalogReader,
  SCHEMA_VERSION,
  toCatalog,
  toSchemaVersion,
} from './catalog.js';

/** What catalogs are read with: the database itself. */
export interface CatalogAccess {
  /** Reads the rows of several statements in one snapshot. */
  readTogether(statements: readonly string[], options: CatalogOptions): Promise<readonly (readonly Row[])[]>;
}

const versions = new WeakMap<Catalog, number>();

/** The version of the schema that a catalog describes; `undefined` when it is unknown, or the catalog may show what is not committed. */
export function schemaVersionOf(catalog: Catalog | undefined): number | undefined {
  return catalog === undefined ? undefined : versions.get(catalog);
}

/** Reads all tables. */
export async function readVersionedCatalog(
  access: CatalogAccess,
  { within, ...options }: CatalogOptions,
): Promise<Catalog> {
  if (within !== undefined) return readWithin(within);
  const [version = [], ...rows] = await access.readTogether([SCHEMA_VERSION, ...CATALOG_STATEMENTS], options);
  const catalog = toCatalog(rows);
  versions.set(catalog, toSchemaVersion(version));
  return catalog;
}

/** Reads the tables again if the schema has another version than that of `known`; otherwise returns `known`. */
export async function recheckCatalog(
  access: CatalogAccess,
  known: Catalog,
  options: CatalogOptions,
): Promise<Catalog> {
  const rows = await askVersion(access, options);
  if (toSchemaVersion(rows) === versions.get(known)) return known;
  const read = await readVersionedCatalog(access, options);
  const kept = keepUnchanged(known, read);
  const readVersion = versions.get(read);
  // A transaction may have made the change itself, and may still undo it.
  if (readVersion === undefined) return new Map(kept);
  versions.set(kept, readVersion);
  return kept;
}

/** On the calling thread outside of transactions, also while readers are stuck. */
async function askVersion(
  access: CatalogAccess,
  { within, ...options }: CatalogOptions,
): Promise<readonly Row[]> {
  if (within === undefined) return (await access.readTogether([SCHEMA_VERSION], options))[0] ?? [];
  return (await within.execute({ sql: SCHEMA_VERSION, parameters: [], access: 'read' }, options)).rows;
}

/** The tables as a transaction sees them. */
async function readWithin(transaction: CatalogReader): Promise<Catalog> {
  const all: Row[][] = [];
  for (const sql of CATALOG_STATEMENTS)
    all.push((await transaction.execute({ sql, parameters: [], access: 'read' }, {})).rows);
  return toCatalog(all);
}
