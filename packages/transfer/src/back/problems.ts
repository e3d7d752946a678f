import { type Finding, finding } from '../plan/finding.js';
import { type Policies, policyOf } from '../plan/policies.js';
import type { PostgresSession } from '../postgres/session.js';
import { quoteName, quoteText } from '../sql/quote.js';
import type { ColumnType } from '../values/column-type.js';
import { MAX_VALUE_BYTES } from '../values/large-value.js';
import type { BackColumn } from './columns.js';
import { type BackTable, keySql } from './table.js';

/** A kind of values that SQLite, or Sluice's types in SQLite, cannot hold. */
export interface BackProblem {
  readonly kind: 'out-of-range' | 'too-large';
  readonly message: string;
  /** SQL condition of such a value. */
  readonly condition: string;
}

/** The problem that values of a column may have; `undefined` when SQLite can hold all of them. */
export function problemOf({ name, type, select }: BackColumn): BackProblem | undefined {
  const range = RANGES[type.name];
  const column = quoteName(name);
  if (range !== undefined) {
    return { kind: 'out-of-range', message: range.message, condition: range.condition(column) };
  }
  if (!/^(?:text|varchar|json|jsonb|bytea)$/.test(type.name)) return undefined;
  const size = type.name === 'bytea' ? column : select.endsWith('::text') ? select : `${column}::text`;
  return {
    kind: 'too-large',
    message: 'values of more than 64 MB, which a transfer does not move',
    condition: `octet_length(${size}) > ${MAX_VALUE_BYTES}`,
  };
}

const REAL = {
  message: 'NaN, which SQLite stores as NULL, and −0, which it stores as 0',
  condition: (column: string): string => `(${column} = 'NaN' or (${column} = 0 and ${column}::text = '-0'))`,
};

const YEARS = 'infinity, and times outside the years 0001 to 9999';

const RANGES: Partial<
  Record<ColumnType['name'], { readonly message: string; readonly condition: (column: string) => string }>
> = {
  'double precision': REAL,
  real: REAL,
  numeric: {
    message: 'NaN and infinity, which decimal numbers in SQLite cannot be',
    condition: (column) => `${column}::text in ('NaN', 'Infinity', '-Infinity')`,
  },
  date: {
    message: YEARS,
    condition: (column) => `(${column} < '0001-01-01' or ${column} > '9999-12-31')`,
  },
  timestamp: {
    message: YEARS,
    condition: (column) => `(${column} < '0001-01-01' or ${column} >= '9999-12-31 23:59:59.9999995')`,
  },
  timestamptz: {
    message: 'infinity, and times that no Date can hold',
    condition: (column) => `(not isfinite(${column}) or ${column} > '275760-09-13 00:00:00Z')`,
  },
};

/** The conversion rules of the way back, as SQL of the query that reads the column. */
const RULES: Readonly<Record<string, (column: BackColumn, condition: string) => string>> = {
  'convert:to-null': ({ select }, condition) => `case when ${condition} then null else ${select} end`,
};

/** Select list of a table, with the conversions of the policies. */
export function selectedColumns({ table, columns }: BackTable, policies: Policies): string {
  const selected = columns.map((column) => {
    const problem = problemOf(column);
    const rule =
      problem === undefined ? undefined : RULES[policyOf(policies, problem.kind, table.name, column.name)];
    const sql = rule === undefined || problem === undefined ? column.select : rule(column, problem.condition);
    return `${sql} as ${quoteName(column.name)}`;
  });
  return selected.join(', ');
}

/** SQL condition of the rows that go into quarantine because of a value; `undefined` when no policy sends any there. */
export function quarantineCondition(back: BackTable, policies: Policies): string | undefined {
  const conditions = quarantined(back, policies).map(({ condition }) => condition);
  return conditions.length === 0 ? undefined : `(${conditions.join(' or ')})`;
}

/** SQL of the first column for which a row goes into quarantine, and of the problem of its value. */
export function quarantineReason(
  back: BackTable,
  policies: Policies,
): { readonly column: string; readonly reason: string } {
  const firstOf = (text: (column: QuarantinedColumn) => string): string => {
    const cases = quarantined(back, policies).map(
      (column) => `when ${column.condition} then ${quoteText(text(column))}`,
    );
    return `case ${cases.join(' ')} end`;
  };
  return { column: firstOf(({ name }) => name), reason: firstOf(({ kind }) => kind) };
}

interface QuarantinedColumn extends Pick<BackProblem, 'condition' | 'kind'> {
  readonly name: string;
}

function quarantined({ table, columns }: BackTable, policies: Policies): QuarantinedColumn[] {
  return columns.flatMap((column) => {
    const problem = problemOf(column);
    if (problem === undefined || !isQuarantined(problem, policies, table.name, column.name)) return [];
    const condition = `coalesce(${problem.condition}, false)`;
    return [{ name: column.name, kind: problem.kind, condition }];
  });
}

function isQuarantined({ kind }: BackProblem, policies: Policies, table: string, column: string): boolean {
  return kind !== 'too-large' && policyOf(policies, kind, table, column) === 'quarantine';
}

/** Counts the rows of a table, and the values that SQLite cannot hold. */
export async function checkBackTable(
  session: PostgresSession,
  back: BackTable,
  policies: Policies,
): Promise<{ readonly rows: number; readonly findings: readonly Finding[] }> {
  const problems = back.columns.flatMap((column) => {
    const problem = problemOf(column);
    return problem === undefined ? [] : [{ column, problem }];
  });
  const counts = problems.map(({ problem }) => `count(*) filter (where ${problem.condition})`);
  const name = quoteName(back.table.name);
  const [row] = await session.query<{ counts: string[] }>(
    `select array[${['count(*)', ...counts].join(', ')}]::text[] as counts from ${name}`,
  );
  const [rows = 0, ...found] = (row?.counts ?? []).map(Number);
  const findings: Finding[] = [];
  for (const [index, { column, problem }] of problems.entries()) {
    const count = found[index] ?? 0;
    if (count > 0) findings.push(await findingOf(session, back, column, problem, count, policies));
  }
  return { rows, findings };
}

async function findingOf(
  session: PostgresSession,
  { table }: BackTable,
  column: BackColumn,
  problem: BackProblem,
  count: number,
  policies: Policies,
): Promise<Finding> {
  const rows = await session.query<{ key: string }>(
    `select ${keySql(table)} as key from ${quoteName(table.name)} child where ${problem.condition} limit 5`,
  );
  const action = policyOf(policies, problem.kind, table.name, column.name);
  const isSettled = isQuarantined(problem, policies, table.name, column.name) || RULES[action] !== undefined;
  const isNullable = !column.source.isNotNull && !table.primaryKey.includes(column.name);
  const ways = [
    problem.kind === 'too-large' ? [] : ['quarantine'],
    isNullable ? ['convert:to-null'] : [],
  ].flat();
  return finding({
    severity: 'problem',
    kind: problem.kind,
    table: table.name,
    column: column.name,
    count,
    keys: rows.map(({ key }) => key),
    message: `${problem.message}.`,
    advice:
      ways.length === 0 ? 'change it in the source, or leave the table out with --exclude' : ways.join(', '),
    settledBy: isSettled && (isNullable || action === 'quarantine') ? action : undefined,
  });
}
