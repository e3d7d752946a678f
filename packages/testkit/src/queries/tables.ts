import type { Random } from './random.js';

/** The type of a column or an expression in a random query. */
export type QueryType =
  | 'bigint'
  | 'boolean'
  | 'bytea'
  | 'date'
  | 'double precision'
  | 'integer'
  | 'json'
  | 'jsonb'
  | 'numeric'
  | 'text'
  | 'timestamptz'
  | 'uuid';

/** A column of a random table, or of a query in FROM. */
export interface RandomColumn {
  readonly name: string;
  readonly type: QueryType;
}

/** A column with the type by which its table declares it. */
export interface DeclaredColumn extends RandomColumn {
  readonly declared: string;
}

/** A table of random columns, with its rows. Its key is `id`. */
export interface RandomTable {
  readonly name: string;
  readonly columns: readonly DeclaredColumn[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const DECLARED: Readonly<Record<QueryType, readonly string[]>> = {
  bigint: ['bigint'],
  boolean: ['boolean'],
  bytea: ['bytea'],
  date: ['date'],
  'double precision': ['double precision'],
  integer: ['integer', 'integer', 'smallint'],
  json: ['json'],
  jsonb: ['jsonb'],
  // Of one scale and of others, of up to 18 digits and of more: a driver may store them in different forms.
  numeric: [
    'numeric(10, 2)',
    'numeric(12, 2)',
    'numeric(18, 4)',
    'numeric(20, 6)',
    'numeric(20, 2)',
    'numeric',
    'numeric(8, 0)',
  ],
  text: ['text', 'text', 'varchar(20)'],
  timestamptz: ['timestamptz'],
  uuid: ['uuid'],
};

export const QUERY_TYPES = Object.keys(DECLARED) as QueryType[];

const NULLS = 0.15;
/** Numerics of 18 digits, which a double does not hold. */
const LARGE_NUMERICS = ['90071992547409.9301', '-99999999999999.9999', '90071992547409.9300'];
const LARGE = 0.2;

const HOUR_MS = 3_600_000;

/** Few values of each type, so that they meet again. Doubles are sums of powers of 2, so that no order of additions matters. */
const VALUES: Readonly<Record<QueryType, readonly unknown[]>> = {
  bigint: [0n, 10n, -20n, 9_007_199_254_740_993n, 7n],
  boolean: [true, false],
  bytea: [new Uint8Array(), new Uint8Array([0, 255]), new Uint8Array([97])],
  date: ['2024-02-29', '2023-12-31', '1969-07-20', '2024-03-01'],
  'double precision': [1.5, -2.25, 0, 10, 3],
  integer: [0, 1, 2, -3, 5, 120],
  json: [{ k: 1, l: ['x', true] }, { k: '2' }, [1, 2], { l: ['x', true], k: 1 }],
  jsonb: [{ k: 1, l: ['x', true] }, { k: '2' }, [1, 2], { l: ['x', true], k: 1 }],
  numeric: ['9', '10', '-3', '0', '100'],
  text: ['a', 'B', 'b%', '', 'ab', 'é', 'Z_'],
  timestamptz: [0, 1, 25, 24 * 400, -24 * 20_000].map(
    (hours) => new Date(1_706_000_000_123 + hours * HOUR_MS),
  ),
  uuid: ['0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9', 'ffffffff-ffff-4fff-bfff-ffffffffffff'],
};

const FRACTIONS = ['', '.5', '.50', '.25', '.125'];

/** A value that a query compares or combines with an expression of the type. */
export function randomValue(random: Random, type: QueryType): unknown {
  const value = random.pick(VALUES[type]);
  return type === 'numeric'
    ? `${String(value)}${random.pick(FRACTIONS)}`.replace(/^(-?)0(\d)/, '$1$2')
    : value;
}

/** Two tables with random columns and rows. */
export function randomTables(random: Random): readonly RandomTable[] {
  return ['t0', 't1'].map((name) => {
    const id: DeclaredColumn = { name: 'id', type: 'integer', declared: 'integer' };
    const columns = Array.from({ length: 4 + random.below(5) }, (_, index): DeclaredColumn => {
      const type = random.pick(QUERY_TYPES);
      return { name: `c${index}`, type, declared: random.pick(DECLARED[type]) };
    });
    const rows = Array.from({ length: random.below(10) }, (_, row) => ({
      id: row,
      ...Object.fromEntries(columns.map((column) => [column.name, storedValue(random, column)])),
    }));
    return { name, columns: [id, ...columns], rows };
  });
}

function storedValue(random: Random, { declared, type }: DeclaredColumn): unknown {
  if (random.chance(NULLS)) return null;
  const value = random.pick(VALUES[type]);
  if (type !== 'numeric') return value;
  if (declared === 'numeric(18, 4)' && random.chance(LARGE)) return random.pick(LARGE_NUMERICS);
  const scale = declared === 'numeric' ? random.below(4) : Number(/, (\d+)/.exec(declared)?.[1] ?? 0);
  const digits = ['0', '5', '25', '125'].filter(({ length }) => length <= scale);
  return scale === 0 ? value : `${String(value)}.${random.pick(digits).padEnd(scale, '0')}`;
}
