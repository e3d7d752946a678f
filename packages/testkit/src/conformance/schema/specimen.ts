import type { ColumnDataType } from 'kysely';

/** What a json column holds. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One value of each type of the contract, by column. */
export interface SpecimenValues {
  small: number;
  whole: number;
  big: bigint;
  floating: number;
  exact: string;
  price: string;
  wide: string;
  flag: boolean;
  word: string;
  code: string;
  moment: Date;
  day: string;
  ident: string;
  doc: Json;
  tree: Json;
  bytes: Uint8Array;
}

/** Every type, nullable. */
export type Specimen = { id: number } & { [C in keyof SpecimenValues]: SpecimenValues[C] | null };

/** Every type, not null. */
export type FullSpecimen = { id: number } & SpecimenValues;

/** A column of the specimen tables. */
export type SpecimenColumn = keyof SpecimenValues;

/** The column types, by PostgreSQL's names. */
export const SPECIMEN_TYPES: Readonly<Record<SpecimenColumn, ColumnDataType>> = {
  small: 'smallint',
  whole: 'integer',
  big: 'bigint',
  floating: 'double precision',
  exact: 'numeric',
  price: 'numeric(12, 2)',
  wide: 'numeric(50, 10)',
  flag: 'boolean',
  word: 'text',
  code: 'varchar(5)',
  moment: 'timestamptz',
  day: 'date',
  ident: 'uuid',
  doc: 'json',
  tree: 'jsonb',
  bytes: 'bytea',
};

/** The columns, in the table's order. */
export const SPECIMEN_COLUMNS = Object.keys(SPECIMEN_TYPES) as SpecimenColumn[];

/** The columns that can be compared and sorted: all but json. */
export const COMPARABLE_COLUMNS: readonly SpecimenColumn[] = SPECIMEN_COLUMNS.filter(
  (column) => column !== 'doc' && column !== 'tree',
);

/** An ordinary row. */
export const SPECIMEN: SpecimenValues = {
  small: 12,
  whole: 70_000,
  big: 9_007_199_254_740_993n,
  floating: 0.1,
  exact: '3.140',
  price: '19.90',
  wide: '1234567890123456789012345678901234567890.0123456789',
  flag: true,
  word: 'Grüße 🌊',
  code: 'ab-12',
  moment: new Date('2024-03-31T01:30:00.123Z'),
  day: '2024-02-29',
  ident: '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
  doc: { name: 'x', tags: ['1', 2, null, true], nested: { '12': '0012.50' } },
  tree: ['a', { b: [] }],
  bytes: new Uint8Array([0, 1, 254, 255]),
};

/** A row that sorts before {@link SPECIMEN} in every comparable column. */
export const LESSER: SpecimenValues = {
  small: -3,
  whole: -70_000,
  big: 9_007_199_254_740_992n,
  floating: -2.5,
  exact: '-10.5',
  price: '9.90',
  wide: '999999999999999999999999999999999999999.9999999999',
  flag: false,
  word: 'Grusel',
  code: 'Z',
  moment: new Date('1969-12-31T23:59:59.999Z'),
  day: '0998-01-01',
  ident: '00000000-0000-4000-8000-000000000000',
  doc: {},
  tree: 0,
  bytes: new Uint8Array([0, 1, 3]),
};

/** A row that sorts after {@link SPECIMEN} in every comparable column. */
export const GREATER: SpecimenValues = {
  small: 100,
  whole: 700_000,
  big: 9_007_199_254_740_994n,
  floating: 1e300,
  exact: '20',
  price: '100.00',
  wide: '1234567890123456789012345678901234567890.0123456790',
  flag: true,
  word: 'Grüße 🌊!',
  code: 'b',
  moment: new Date('2024-03-31T01:30:00.124Z'),
  day: '2024-03-01',
  ident: 'ffffffff-ffff-4fff-bfff-ffffffffffff',
  doc: [],
  tree: 'z',
  bytes: new Uint8Array([0, 2]),
};
