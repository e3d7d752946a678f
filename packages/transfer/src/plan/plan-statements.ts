import type { SourceForeignKey, SourceIndex, SourceTable } from '../source/schema.js';
import { quoteName, quoteNames } from '../sql/quote.js';
import { translateDefault } from '../translate/column-default.js';
import { type ExpressionScope, translateExpression } from '../translate/expression.js';
import { scaleOfForm } from '../values/scaled-numeric.js';
import { fittingName } from './target-names.js';
import type { PlannedColumn, PlannedStatement, Untranslated } from './transfer-plan.js';

/** Statements to run after a table is copied, and objects that are not translated. */
export interface TableStatements {
  readonly statements: readonly PlannedStatement[];
  readonly untranslated: readonly Untranslated[];
}

/** A table of the target, to plan statements for. */
export interface TargetTable {
  readonly source: SourceTable;
  readonly target: string;
  readonly columns: readonly PlannedColumn[];
  readonly primaryKey: readonly string[];
  /** Whether the primary key becomes a unique constraint, because it holds NULLs. */
  readonly isKeyNullable: boolean;
}

export function scopeOf(columns: readonly PlannedColumn[]): ExpressionScope {
  return {
    columns: new Map(columns.map(({ source, target }) => [source.toLowerCase(), target])),
    types: new Map(columns.map(({ source, type }) => [source.toLowerCase(), type])),
    scales: new Map(columns.map(({ source, form }) => [source.toLowerCase(), scaleOfForm(form)])),
  };
}

/** Plans the keys, unique constraints, indexes, CHECKs and defaults of a table. */
export function planStatements(table: TargetTable): TableStatements {
  const statements: PlannedStatement[] = [];
  const untranslated: Untranslated[] = [];
  const add = (object: string, made: { sql: string } | { reason: string }, sql: string): void => {
    if ('sql' in made) statements.push({ object, sql: made.sql });
    else untranslated.push({ object, reason: made.reason, sql });
  };
  const name = quoteName(table.target);
  if (table.primaryKey.length > 0) {
    const kind = table.isKeyNullable ? 'unique' : 'primary key';
    add(
      `${kind} of ${table.target}`,
      { sql: `alter table ${name} add ${kind} (${quoteNames(table.primaryKey)})` },
      '',
    );
  }
  for (const index of table.source.indexes) {
    add(
      `index ${index.name}`,
      planIndex(table, index),
      index.sql ?? `UNIQUE (${index.parts.map(({ column }) => column).join(', ')})`,
    );
  }
  for (const check of table.source.checks) {
    // Sluice's driver adds CHECKs to enforce types in SQLite. PostgreSQL enforces them itself.
    if (check.name?.startsWith('sluice:')) continue;
    const label = check.name === undefined ? '' : `constraint ${quoteName(fittingName(check.name, false))} `;
    const made = translateExpression(check.sql, scopeOf(table.columns));
    const sql = 'sql' in made ? { sql: `alter table ${name} add ${label}check (${made.sql})` } : made;
    add(`check ${check.name ?? ''} of ${table.target}`.replace('  ', ' '), sql, `CHECK (${check.sql})`);
  }
  for (const { name: source, defaultSql } of table.source.columns) {
    const column = table.columns.find((candidate) => candidate.source === source);
    if (defaultSql === undefined || column === undefined || column.identityNext !== null) continue;
    const made = translateDefault(defaultSql, column.type, scaleOfForm(column.form));
    const sql =
      'sql' in made
        ? { sql: `alter table ${name} alter column ${quoteName(column.target)} set default ${made.sql}` }
        : made;
    add(`default of ${table.target}.${column.target}`, sql, `DEFAULT ${defaultSql}`);
  }
  return { statements, untranslated };
}

/** SQLite's collations, as expressions of a column that PostgreSQL compares by code point. */
const COLLATED: Readonly<Record<string, (sql: string) => string>> = {
  BINARY: (sql) => sql,
  // Under the collation "C", lower() changes ASCII letters only, as NOCASE does.
  NOCASE: (sql) => `lower(${sql} collate "C")`,
  RTRIM: (sql) => `rtrim(${sql}, ' ')`,
};

function planIndex(table: TargetTable, index: SourceIndex): { sql: string } | { reason: string } {
  const scope = scopeOf(table.columns);
  const parts: string[] = [];
  for (const part of index.parts) {
    const made =
      part.column === undefined
        ? translateExpression(part.expressionSql ?? '', scope)
        : columnOf(table, part.column);
    if ('reason' in made) return made;
    const isText = part.column === undefined || isTextColumn(table, part.column);
    const collate = COLLATED[isText ? part.collation : 'BINARY'];
    if (collate === undefined)
      return { reason: `the collation ${part.collation}, which an application defined` };
    const sql = collate(made.sql);
    // NULLs sort at the same end as in SQLite, so that the index serves the same ORDER BY.
    const order = index.isUnique ? '' : part.isDescending ? ' desc nulls last' : ' nulls first';
    parts.push(`${sql === made.sql && part.column !== undefined ? sql : `(${sql})`}${order}`);
  }
  const where = index.whereSql === undefined ? undefined : translateExpression(index.whereSql, scope);
  if (where !== undefined && 'reason' in where) return where;
  const isPlain = index.parts.every(
    ({ column, collation }) =>
      column !== undefined && (collation === 'BINARY' || !isTextColumn(table, column)),
  );
  if (index.origin === 'constraint' && isPlain)
    return { sql: `alter table ${quoteName(table.target)} add unique (${parts.join(', ')})` };
  const unique = index.isUnique ? 'unique ' : '';
  const label = index.origin === 'constraint' ? '' : `${quoteName(fittingName(index.name, false))} `;
  const predicate = where === undefined ? '' : ` where ${where.sql}`;
  return {
    sql: `create ${unique}index ${label}on ${quoteName(table.target)} (${parts.join(', ')})${predicate}`,
  };
}

function columnOf(table: TargetTable, source: string): { sql: string } | { reason: string } {
  const column = table.columns.find((candidate) => candidate.source === source);
  return column === undefined ? { reason: `the column ${source}` } : { sql: quoteName(column.target) };
}

function isTextColumn({ columns }: TargetTable, source: string): boolean {
  return /^(?:text|varchar)/.test(columns.find((column) => column.source === source)?.type ?? '');
}

/** Plans a foreign key, to be added after all data is copied. */
export function planForeignKey(
  table: { readonly target: string; readonly columns: readonly PlannedColumn[] },
  parent: { readonly target: string; readonly columns: readonly PlannedColumn[] },
  key: SourceForeignKey,
  isUnchecked: boolean,
): PlannedStatement {
  const own = key.columns.map((column) => targetName(table.columns, column));
  const theirs = key.parentColumns.map((column) => targetName(parent.columns, column));
  const label = key.name === undefined ? '' : `constraint ${quoteName(fittingName(key.name, false))} `;
  const actions = [
    key.onDelete === 'NO ACTION' ? '' : ` on delete ${key.onDelete.toLowerCase()}`,
    key.onUpdate === 'NO ACTION' ? '' : ` on update ${key.onUpdate.toLowerCase()}`,
    key.isDeferred ? ' deferrable initially deferred' : '',
    isUnchecked ? ' not valid' : '',
  ].join('');
  return {
    object: `foreign key (${own.join(', ')}) of ${table.target}`,
    sql: `alter table ${quoteName(table.target)} add ${label}foreign key (${quoteNames(own)}) references ${quoteName(parent.target)} (${quoteNames(theirs)})${actions}`,
  };
}

function targetName(columns: readonly PlannedColumn[], source: string): string {
  return columns.find((column) => column.source.toLowerCase() === source.toLowerCase())?.target ?? source;
}
