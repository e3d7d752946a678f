import { type Catalog, type CatalogOptions, keepUnchanged, type Row } from '@sluice/core';
import {
  CATALOG_STATEMENTS,
  type CatalogReader,
  SCHEMA_VERSION,
  toCatalog,
  toSchemaVersion,
} from './catalog.js';

/** The rows of several statements, all from one snapshot. */
export type RowsOfAll = readonly (readonly Row[])[];

/** Reads the rows of several statements in one snapshot, outside of transactions. */
export type ReadTogether = (statements: readonly string[], options: CatalogOptions) => Promise<RowsOfAll>;

const versions = new WeakMap<Catalog, number>();

/** The version of the schema that a catalog describes; `undefined` when it is unknown, or the catalog may show what is not committed. */
export function schemaVersionOf(catalog: Catalog | undefined): number | undefined {
  return catalog === undefined ? undefined : versions.get(catalog);
}

/** Reads all tables. */
export async function readVersionedCatalog(
  readTogether: ReadTogether,
  options: CatalogOptions,
): Promise<Catalog> {
  const [version = [], ...rows] = await readAll(
    readTogether,
    [SCHEMA_VERSION, ...CATALOG_STATEMENTS],
    options,
  );
  const catalog = toCatalog(rows);
  // A transaction may have made the version itself, and may still undo it.
  if (options.within === undefined) versions.set(catalog, toSchemaVersion(version));
  return catalog;
}

/** Reads the tables again if the schema has another version than that of `known`; otherwise returns `known`. */
export async function recheckCatalog(
  readTogether: ReadTogether,
  known: Catalog,
  options: CatalogOptions,
): Promise<Catalog> {
  const [version = []] = await readAll(readTogether, [SCHEMA_VERSION], options);
  if (toSchemaVersion(version) === versions.get(known)) return known;
  const read = await readVersionedCatalog(readTogether, options);
  const kept = keepUnchanged(known, read);
  const readVersion = versions.get(read);
  if (readVersion === undefined) return new Map(kept);
  versions.set(kept, readVersion);
  return kept;
}

/** Reads the rows of several statements in a transaction. */
export async function readWithin(
  transaction: CatalogReader,
  statements: readonly string[],
): Promise<Row[][]> {
  const all: Row[][] = [];
  for (const sql of statements)
    all.push((await transaction.execute({ sql, parameters: [], access: 'read' }, {})).rows);
  return all;
}

function readAll(
  readTogether: ReadTogether,
  statements: readonly string[],
  { within, ...options }: CatalogOptions,
): Promise<RowsOfAll> {
  return within === undefined ? readTogether(statements, options) : readWithin(within, statements);
}
