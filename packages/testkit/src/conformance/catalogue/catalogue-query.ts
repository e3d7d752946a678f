import type { Shop } from './shop-database.js';

/** What a query builder of Kysely gives. */
interface Executable {
  execute(): Promise<readonly unknown[]>;
}

/** A query of an ordinary application, and its rows on every driver. */
export interface CatalogueQuery {
  readonly title: string;
  readonly build: (db: Shop) => Executable;
  readonly rows: readonly unknown[];
  /** Whether the query writes. It runs in a transaction that is rolled back. */
  readonly writes: boolean;
  /** What a query that writes leaves behind. */
  readonly after?: { readonly build: (db: Shop) => Executable; readonly rows: readonly unknown[] };
}

/** A query that is refused where its answer would not be that of PostgreSQL. The query that follows it in the catalogue is the way out. */
export interface CatalogueRefusal {
  readonly title: string;
  readonly build: (db: Shop) => Executable;
  /** The code of the error. */
  readonly refused: string;
}

/** A theme of the catalogue. */
export type Catalogue = readonly (CatalogueQuery | CatalogueRefusal)[];

/** A query that reads. */
export function query(
  title: string,
  build: (db: Shop) => Executable,
  rows: readonly unknown[],
): CatalogueQuery {
  return { title, build, rows, writes: false };
}

/** A query that writes. @param rows what it returns. @param after a query that sees what it did. */
export function change(
  title: string,
  build: (db: Shop) => Executable,
  rows: readonly unknown[],
  after?: CatalogueQuery,
): CatalogueQuery {
  return { title, build, rows, writes: true, ...(after === undefined ? {} : { after }) };
}

/** A query that has no rows of its own, such as an update without RETURNING. */
export const NOTHING: readonly unknown[] = [];

/** A query that a driver may refuse, by this code only. */
export function refusal(title: string, build: (db: Shop) => Executable, refused: string): CatalogueRefusal {
  return { title, build, refused };
}
