import { batchRowsFor } from '../reader/batch-rows.js';
import type { ColumnProfile } from '../reader/column-profile.js';
import type { TableProfile } from '../reader/reader-protocol.js';
import type { SourceColumn, SourceTable } from '../source/schema.js';
import { quoteName } from '../sql/quote.js';
import { translateExpression } from '../translate/expression.js';
import { scaleOfForm } from '../values/scaled-numeric.js';
import { chooseType, type TypeChoice } from './choose-type.js';
import { driverType } from './driver-types.js';
import { type Finding, finding } from './finding.js';
import { planStatements, scopeOf } from './plan-statements.js';
import { type Policies, policyOf } from './policies.js';
import { fittingName, nameProblem } from './target-names.js';
import type { PlannedColumn, PlannedTable, Untranslated } from './transfer-plan.js';

export interface PlannedTableResult {
  readonly table: PlannedTable;
  readonly findings: readonly Finding[];
  readonly untranslated: readonly Untranslated[];
}

/** Chosen types of a table's columns, by source name. */
export type ColumnTypes = ReadonlyMap<string, TypeChoice>;

/** Chooses the types of a table's columns by their values. */
export function chooseTypes(table: SourceTable, profile: TableProfile): Map<string, TypeChoice> {
  return new Map(
    table.columns.map((column, index) => {
      const stored = profile.columns[index] as ColumnProfile;
      const own = driverType(table.sql, column.name, column.declaredType);
      return [
        column.name,
        own === undefined ? chooseType(column, stored) : { ...own, why: 'declared by Sluice’s driver' },
      ];
    }),
  );
}

/** Plans the target's table for a table of the source. */
export function planTable(
  source: SourceTable,
  profile: TableProfile,
  types: ColumnTypes,
  policies: Policies,
): PlannedTableResult {
  const findings: Finding[] = [];
  const untranslated: Untranslated[] = [];
  const target = targetName(source.name, false, source.name, policies, findings);
  const nullKeys = keyNulls(source, profile);
  const isKeyNullable = nullKeys > 0 && policyOf(policies, 'null-key', source.name) === 'convert:unique';
  const plain = source.columns.map((column) =>
    planColumn(source, profile, column, types, policies, isKeyNullable, findings),
  );
  const columns = plain.map((column, index) =>
    withGenerated(column, source, source.columns[index], plain, untranslated),
  );
  const primaryKey = source.primaryKey.map(
    (name) => columns.find((column) => column.source === name)?.target ?? name,
  );
  const made = planStatements({ source, target, columns, primaryKey, isKeyNullable });
  const table: PlannedTable = {
    source: source.name,
    target,
    rowidName: source.rowidName ?? null,
    rows: profile.rows,
    // A key with NULLs does not identify a row.
    primaryKey: isKeyNullable ? [] : primaryKey,
    hasBigIntegers: profile.columns.some(isBig),
    batchRows: batchRows(profile),
    columns,
    orphansSql: orphansSql(source, policies),
    statements: made.statements,
  };
  return { table, findings, untranslated: [...untranslated, ...made.untranslated] };
}

function batchRows({ columns }: TableProfile): number {
  const largest = columns.reduce(
    (sum, { textLength, blobBytes }) => sum + textLength * 3 + blobBytes + 16,
    0,
  );
  return batchRowsFor(largest);
}

const SAFE = 2n ** 53n;

function isBig({ minInteger = 0n, maxInteger = 0n }: ColumnProfile): boolean {
  return minInteger <= -SAFE || maxInteger >= SAFE;
}

/** Upper bound of the rows with NULL in their primary key. SQLite allows them, PostgreSQL does not. */
function keyNulls(source: SourceTable, profile: TableProfile): number {
  if (source.rowidAlias !== undefined) return 0;
  const indexes = source.primaryKey.map((name) => source.columns.findIndex((column) => column.name === name));
  return Math.max(0, ...indexes.map((index) => profile.columns[index]?.nulls ?? 0));
}

function targetName(
  name: string,
  isColumn: boolean,
  table: string,
  policies: Policies,
  findings: Finding[],
): string {
  const problem = nameProblem(name, isColumn);
  if (problem === undefined) return name;
  const column = isColumn ? name : undefined;
  const isRenamed = policyOf(policies, 'name', table, column) === 'convert:rename';
  findings.push(
    finding({
      severity: 'problem',
      kind: 'name',
      table,
      column,
      message: `PostgreSQL does not accept the name ${quoteName(name)}: ${problem}.`,
      advice: `convert:rename makes it ${quoteName(fittingName(name, isColumn))}; or change "target" in the plan`,
      settledBy: isRenamed ? 'convert:rename' : undefined,
    }),
  );
  return fittingName(name, isColumn);
}

function planColumn(
  source: SourceTable,
  profile: TableProfile,
  column: SourceColumn,
  types: ColumnTypes,
  policies: Policies,
  isKeyNullable: boolean,
  findings: Finding[],
): PlannedColumn {
  const choice = types.get(column.name) ?? { type: 'text', form: 'plain', why: '' };
  const isKey = source.primaryKey.includes(column.name);
  const isIdentity = source.rowidAlias === column.name && /^(?:smallint|integer|bigint)$/.test(choice.type);
  return {
    source: column.name,
    target: targetName(column.name, true, source.name, policies, findings),
    type: choice.type,
    form: choice.form,
    why: choice.why,
    isNotNull: column.isNotNull || (isKey && !isKeyNullable),
    isCollatedC: /^(?:text|varchar)/.test(choice.type),
    defaultSql: column.defaultSql ?? null,
    generatedSql: null,
    identityNext: isIdentity ? nextNumber(source, profile) : null,
  };
}

/** The next number of an identity: one above the last number of AUTOINCREMENT and above every stored number. */
function nextNumber(source: SourceTable, profile: TableProfile): string {
  const index = source.columns.findIndex(({ name }) => name === source.rowidAlias);
  const highest = profile.columns[index]?.maxInteger ?? 0n;
  const mark = source.sequence ?? 0n;
  const next = (highest > mark ? highest : mark) + 1n;
  return String(next < 1n ? 1n : next);
}

/** SQLite computes the whole number that it stores of a numeric. */
function generatedOf({ form }: PlannedColumn, sql: string): string {
  const scale = scaleOfForm(form) ?? 0;
  return scale === 0 ? sql : `(${sql})::numeric / 1${'0'.repeat(scale)}`;
}

/** Translates a generated column. Without a translation it becomes a plain column, with the values that SQLite computes. */
function withGenerated(
  column: PlannedColumn,
  source: SourceTable,
  declared: SourceColumn | undefined,
  columns: readonly PlannedColumn[],
  untranslated: Untranslated[],
): PlannedColumn {
  if (declared?.isGenerated !== true || declared.generatedSql === undefined) return column;
  const made = translateExpression(declared.generatedSql, scopeOf(columns));
  if ('sql' in made) return { ...column, generatedSql: generatedOf(column, made.sql) };
  untranslated.push({
    object: `generated column ${source.name}.${column.source}`,
    reason: `${made.reason}; its values are copied into a plain column`,
    sql: `GENERATED ALWAYS AS (${declared.generatedSql})`,
  });
  return column;
}

/** SQL condition of orphan rows, if the policy puts them into quarantine; otherwise `null`. */
function orphansSql(source: SourceTable, policies: Policies): string | null {
  if (policyOf(policies, 'orphan', source.name) !== 'quarantine') return null;
  const conditions = source.foreignKeys.map(({ columns, parent, parentColumns }) => {
    const given = columns
      .map((column) => `${quoteName(source.name)}.${quoteName(column)} is not null`)
      .join(' and ');
    const matches = columns
      .map(
        (column, index) =>
          `p.${quoteName(parentColumns[index] ?? '')} = ${quoteName(source.name)}.${quoteName(column)}`,
      )
      .join(' and ');
    return `(${given} and not exists (select 1 from ${quoteName(parent)} p where ${matches}))`;
  });
  return conditions.length === 0 ? null : conditions.join(' or ');
}
