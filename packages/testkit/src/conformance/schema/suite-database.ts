import type { Storage, StorageTransaction } from '@sluice/core';
import type { Generated } from 'kysely';
import type { FullSpecimen, Specimen } from './specimen.js';

/** The tables every suite works on. */
export interface SuiteDatabase {
  account: { name: string; balance: number };
  author: { id: number; name: string };
  book: { id: number; author_id: number; title: string; isbn: string | null; shelf: number; slot: number };
  chapter: { id: number; book_id: number; title: string };
  country: { region: string; code: string; name: string };
  city: { id: number; region: string; code: string; name: string };
  deferred_link: { id: number; book_id: number };
  event_log: {
    id: Generated<number>;
    message: string;
    created_at: Generated<Date>;
    level: Generated<string>;
  };
  full_specimen: FullSpecimen;
  note: { id: number; body: string | null; rank: number | null; pinned: boolean | null };
  placement: { shelf: number; slot: number; label: string };
  rule: { id: number; low: number; high: number; name: string };
  specimen: Specimen;
  stay: { id: number; guest_name: string; checked_in_at: Date | null; room2_key: string | null };
}

/** Name of a table of the suite. */
export type SuiteTable = keyof SuiteDatabase;

/** A storage on the suite's tables. */
export type SuiteStorage = Storage<SuiteDatabase>;

/** A transaction on the suite's tables. */
export type SuiteTransaction = StorageTransaction<SuiteDatabase>;

/** All tables, those that refer to others first, so that they can be emptied in this order. */
export const TABLES_CHILDREN_FIRST: readonly SuiteTable[] = [
  'deferred_link',
  'chapter',
  'book',
  'author',
  'city',
  'country',
  'account',
  'event_log',
  'full_specimen',
  'note',
  'placement',
  'rule',
  'specimen',
  'stay',
];
