import type { Insertable, Selectable } from 'kysely';
import {
  GREATER,
  LESSER,
  SPECIMEN,
  SPECIMEN_COLUMNS,
  type Specimen,
  type SpecimenColumn,
} from './specimen.js';

/** A row to write. */
export type SpecimenRow = Insertable<Specimen>;

/** A row of the specimen table with one value, of whatever type; the other columns are left to be NULL. */
export function rowWith(id: number, column: SpecimenColumn, value: unknown): SpecimenRow {
  return { id, [column]: value } as SpecimenRow;
}

/** The row as it is read back. */
export function storedRow(id: number, column: SpecimenColumn, value: unknown): Selectable<Specimen> {
  const empty = Object.fromEntries(SPECIMEN_COLUMNS.map((name) => [name, null]));
  return { ...empty, id, [column]: value } as Selectable<Specimen>;
}

/** Three rows that sort as 1, 2, 3 in every comparable column, and a fourth of NULLs. */
export function orderedRows(): SpecimenRow[] {
  const nulls = Object.fromEntries(SPECIMEN_COLUMNS.map((name) => [name, null])) as SpecimenRow;
  return [
    { ...SPECIMEN, id: 2 },
    { ...nulls, id: 4 },
    { ...GREATER, flag: null, id: 3 },
    { ...LESSER, id: 1 },
  ];
}
