import type { ValueType } from '../values/value-type.js';

/** One column as the database has it. */
export interface CatalogColumn {
  readonly name: string;
  /** The contract's type, or `undefined` when the column's declared type is not one of them. */
  readonly type: ValueType | undefined;
  /** The type as the engine names it. */
  readonly declaredType: string;
  readonly isNullable: boolean;
  /** Whether an insert may leave it out: a default, an identity, or a generated column. */
  readonly hasDefault: boolean;
  /** Whether it is computed and can never be written. */
  readonly isGenerated: boolean;
}

/** One table or view as the database has it. */
export interface CatalogTable {
  readonly name: string;
  readonly isView: boolean;
  readonly columns: ReadonlyMap<string, CatalogColumn>;
  /** Columns of the primary key in key order; empty when there is none. */
  readonly primaryKey: readonly string[];
  /** Columns of every unique constraint and unconditional unique index, the primary key included. */
  readonly uniqueKeys: readonly (readonly string[])[];
}

/** The tables of a database, by name. */
export type Catalog = ReadonlyMap<string, CatalogTable>;
