import type { Catalog } from '../catalog/catalog.js';
import type { CatalogOptions } from './driver.js';

/** A question about a table that is asked again. */
export interface CatalogQuestion extends CatalogOptions {
  /** The catalog whose answer is in doubt. When there is another one by now, the database is not asked. */
  readonly answeredBy: Catalog;
  /** Whether the driver has said that the database has another catalog by now. */
  readonly isProven: boolean;
  /** Whether the answer denies a table or a column, for which the call is refused: then the database is asked however recently it has answered. Default false. */
  readonly isDenial?: boolean;
}

/** What is known of the tables, and how it is asked again. */
export interface CatalogSource {
  /** The tables as last read. */
  readonly tables: Catalog;
  /** Whether `ask` must be called before the tables are used. */
  readonly isDoubted: boolean;
  /** Makes `tables` current as far as `table` is concerned. Does not ask the database when it has answered just before, unless for a denial. */
  ask(table: string, question: CatalogQuestion): Promise<void>;
  /** Notes an error that a changed schema may explain. */
  suspect(): void;
}
