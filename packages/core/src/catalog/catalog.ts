import { isDeepStrictEqual } from 'node:util';
import type { ValueType } from '../values/value-type.js';

/** One column, as the database declares it. */
export interface CatalogColumn {
  readonly name: string;
  /** The type of the contract; `undefined` when the declared type is not one of the contract's. */
  readonly type: ValueType | undefined;
  /** The engine's own name of the type. */
  readonly declaredType: string;
  /** What its values are in JavaScript, where the type is not one of the contract's and the driver knows. */
  readonly foreign?: ForeignType;
  readonly isNullable: boolean;
  /** Whether an insert may leave the column out: it has a default, is an identity, or is generated. */
  readonly hasDefault: boolean;
  /** Whether the database computes the column, so that it cannot be written. */
  readonly isGenerated: boolean;
}

/** A type outside of the contract. Unless it says otherwise, values are the engine's own text, both ways. */
export interface ForeignType {
  readonly value: 'Date' | 'array' | 'number' | 'string';
  /** The type of an array's elements, one of the contract's. A written value may be the engine's own text too. */
  readonly element?: ValueType;
  /** The labels of an enum, in their order. */
  readonly labels?: readonly string[];
}

/** One table or view, as the database declares it. */
export interface CatalogTable {
  /** The name by which the application refers to it: with the schema, as in `billing.invoice`, where a name alone does not find it. */
  readonly name: string;
  /** Where the database has it; left out by an engine without schemas. */
  readonly place?: { readonly schema: string; readonly table: string };
  readonly isView: boolean;
  readonly columns: ReadonlyMap<string, CatalogColumn>;
  /** The columns of the primary key, in key order; empty when there is none. */
  readonly primaryKey: readonly string[];
  /** The columns of every unique constraint and of every unique index without a condition, the primary key included. */
  readonly uniqueKeys: readonly (readonly string[])[];
}

/** The tables of a database, by name. */
export type Catalog = ReadonlyMap<string, CatalogTable>;

/** The table that a query names, perhaps with its schema. */
export function findTable(catalog: Catalog, table: string, schema?: string): CatalogTable | undefined {
  if (schema === undefined) return catalog.get(table);
  const qualified = catalog.get(`${schema}.${table}`);
  if (qualified !== undefined) return qualified;
  const found = catalog.get(table);
  return found?.place?.schema === schema ? found : undefined;
}

/** The table with this name, which may begin with a schema; `undefined` when there is none. */
export function findNamed(catalog: Catalog, name: string): CatalogTable | undefined {
  const { table, schema } = splitName(name);
  return findTable(catalog, table, schema);
}

/** Splits a table's name as Kysely does: `billing.invoice` is a table of the schema `billing`. */
export function splitName(name: string): { readonly table: string; readonly schema: string | undefined } {
  const [schema = '', table, ...others] = name.split('.');
  return table === undefined || others.length > 0 ? { table: name, schema: undefined } : { table, schema };
}

/**
 * The tables of `read`, with the objects of `known` for those that have not changed; `known` itself when none has. What was derived from the object of
 * a table is then derived again only where the table has changed.
 */
export function keepUnchanged(known: Catalog, read: Catalog): Catalog {
  let isSame = known.size === read.size;
  const kept = new Map<string, CatalogTable>();
  for (const [name, table] of read) {
    const before = known.get(name);
    const isUnchanged = before !== undefined && isDeepStrictEqual(before, table);
    isSame &&= isUnchanged;
    kept.set(name, isUnchanged ? before : table);
  }
  return isSame ? known : kept;
}
