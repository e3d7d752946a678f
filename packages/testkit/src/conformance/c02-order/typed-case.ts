import type { Kysely } from 'kysely';
import type { SuiteDatabase } from '../../fixture/schema/suite-database.js';

export type Db = Kysely<SuiteDatabase>;

/** A query and its result. Rows 1, 2 and 3 hold SPECIMEN, LESSER and GREATER: by price 2 (9.90), 1 (19.90), 3 (100.00). */
export interface Case {
  readonly query: (db: Db) => { execute(): Promise<readonly unknown[]> };
  readonly rows: readonly unknown[];
}

export const ONE: { readonly id: number } = { id: 1 };
export const TWO: { readonly id: number } = { id: 2 };
export const THREE: { readonly id: number } = { id: 3 };
export const HOUR_MS = 3_600_000;
