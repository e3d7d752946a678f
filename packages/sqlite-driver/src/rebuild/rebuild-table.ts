import { InternalError, type TableAlteration, UnsupportedError, UsageError } from '@sluice/core';
import {
  type AddConstraintNode,
  AlterColumnNode,
  ColumnDefinitionNode,
  type ColumnNode,
  type ConstraintNode,
  CreateTableNode,
  createQueryId,
  DataTypeNode,
  DefaultValueNode,
  type Kysely,
  type OperationNode,
  type RootOperationNode,
  sql,
  TableNode,
} from 'kysely';
import { changeColumn, withDefault, withNotNull, withoutConstraint, withType } from './alter-definition.js';
import { isWord, quote, unquote } from './sql-tokens.js';
import {
  type ColumnDefinition,
  formatTable,
  parseTable,
  type TableDefinition,
  unnamed,
} from './table-definition.js';

type Db = Kysely<unknown>;

/**
 * Changes a table in a way SQLite has no statement for: a new table takes the old one's rows, name, indexes, triggers and place
 * (sqlite.org/lang_altertable.html#otheralter). Runs inside a schema change, where foreign keys do not act on the rows of children and are
 * checked before COMMIT.
 *
 * @throws UsageError outside of a schema change; UnsupportedError for what cannot be changed without changing values, before anything was.
 */
export async function rebuildTable(db: Db, alteration: TableAlteration): Promise<void> {
  await assertSchemaChange(db);
  const name = alteration.table.table.identifier.name;
  const before = parseStored(await readTable(db, name), name);
  const after = alter(db, before, alteration);
  const dependents = await readDependents(db, name);

  const temporary = `sluice_rebuild_${name}`;
  await run(db, formatTable(quote(temporary), after));
  await copyRows(db, name, temporary, after);
  // Triggers and views are parsed when a table is renamed, and would not find this one.
  for (const { type, name: each } of dependents.dropped) await run(db, `drop ${type} ${quote(each)}`);
  await run(db, `drop table ${quote(name)}`);
  await run(db, `alter table ${quote(temporary)} rename to ${quote(name)}`);
  for (const text of dependents.recreated) await run(db, text);
}

/** Whether SQLite has a statement for this by itself. */
export function isNative({
  addConstraint,
  columnAlterations = [],
  dropConstraint,
  renameConstraint,
}: TableAlteration): boolean {
  if (addConstraint !== undefined || dropConstraint !== undefined || renameConstraint !== undefined)
    return false;
  return !columnAlterations.some((each) => AlterColumnNode.is(each));
}

function parseStored(stored: string, name: string): TableDefinition {
  try {
    return parseTable(stored);
  } catch (cause) {
    throw new UnsupportedError(`SQLite cannot change "${name}", which is no ordinary table.`, { cause });
  }
}

function alter(db: Db, table: TableDefinition, alteration: TableAlteration): TableDefinition {
  const { addConstraint, columnAlterations = [], dropConstraint, renameConstraint } = alteration;
  if (renameConstraint !== undefined) {
    throw new UnsupportedError('SQLite renames no constraint. Drop it and add it under its new name.');
  }
  if (dropConstraint !== undefined) return withoutConstraint(table, dropConstraint.constraintName.name);
  if (addConstraint !== undefined) {
    return { ...table, constraints: [...table.constraints, constraintTokens(db, addConstraint)] };
  }
  return columnAlterations.reduce((altered: TableDefinition, node) => {
    if (!AlterColumnNode.is(node))
      throw new UnsupportedError('Change columns and add or drop them in alterations of their own.');
    return changeColumn(altered, node.column.column.name, (column) => alterColumn(db, column, node));
  }, table);
}

function alterColumn(db: Db, column: ColumnDefinition, node: AlterColumnNode): ColumnDefinition {
  if (node.dataType !== undefined) return withType(column, columnTokens(db, node.column, node.dataType));
  if (node.setNotNull) return withNotNull(column, true);
  if (node.dropNotNull) return withNotNull(column, false);
  if (node.dropDefault) return withDefault(column, undefined);
  if (node.setDefault === undefined)
    throw new UnsupportedError('SQLite cannot make this change to a column.');
  return withDefault(column, defaultTokens(db, column, node));
}

/** How a new column of a type is declared, by the driver's own compiler. */
function columnTokens(
  db: Db,
  column: ColumnNode,
  dataType: OperationNode,
  defaultTo?: OperationNode,
): readonly string[] {
  if (!DataTypeNode.is(dataType))
    throw new UnsupportedError('SQLite changes a column to a type of the contract only.');
  const plain = ColumnDefinitionNode.create(column.column.name, dataType);
  const definition =
    defaultTo === undefined
      ? plain
      : ColumnDefinitionNode.cloneWith(plain, { defaultTo: DefaultValueNode.create(defaultTo) });
  const table = CreateTableNode.cloneWithColumn(CreateTableNode.create(TableNode.create('t')), definition);
  const [declared] = parseTable(compile(db, table)).columns;
  if (declared === undefined) throw new InternalError('The compiler declared no column.');
  return [declared.name, ...declared.type, ...declared.clauses.flat()];
}

function defaultTokens(db: Db, column: ColumnDefinition, node: AlterColumnNode): readonly string[] {
  const portable = column.type
    .join(' ')
    .replace(/_(?:blob|text)\b/, '')
    .replace(/\s*\/\*.*$/s, '');
  const tokens = columnTokens(db, node.column, DataTypeNode.create(portable as 'text'), node.setDefault);
  const { clauses } = parseTable(`create table t (${tokens.join(' ')})`).columns[0] ?? { clauses: [] };
  const clause = clauses.find((each) => isWord(unnamed(each)[0], 'default'));
  if (clause === undefined) throw new InternalError('The compiler wrote no default.');
  return clause;
}

function constraintTokens(db: Db, { constraint }: AddConstraintNode): readonly string[] {
  const table = CreateTableNode.create(TableNode.create('t'));
  const text = compile(db, CreateTableNode.cloneWithConstraint(table, constraint as ConstraintNode));
  const [tokens] = parseTable(text).constraints;
  if (tokens === undefined) throw new InternalError('The compiler wrote no constraint.');
  return tokens;
}

function compile(db: Db, node: RootOperationNode): string {
  return db.getExecutor().compileQuery(node, createQueryId()).sql;
}

/** Rows keep their rowid; values take the new type's affinity, and its CHECK refuses what does not fit. */
async function copyRows(
  db: Db,
  from: string,
  to: string,
  { columns, options }: TableDefinition,
): Promise<void> {
  const stored = columns.filter(({ clauses }) => !clauses.some((clause) => isGenerated(unnamed(clause)[0])));
  const hasRowid =
    !options.some((option) => isWord(option, 'without')) && !columns.some(({ name }) => isRowidName(name));
  const names = [...(hasRowid ? ['rowid'] : []), ...stored.map(({ name }) => quote(unquote(name)))].join(
    ', ',
  );
  await run(db, `insert into ${quote(to)} (${names}) select ${names} from ${quote(from)}`);
  const { rows } = await sql<{ isComplete: number }>`
    select (select count(*) from ${sql.table(from)}) = (select count(*) from ${sql.table(to)}) as "isComplete"
  `.execute(db);
  if (rows[0]?.isComplete !== 1) throw new InternalError(`Not every row of "${from}" was copied.`);
  await keepHighWaterMark(db, from, to);
}

/** An identity never numbers a row as it numbered a deleted one. */
async function keepHighWaterMark(db: Db, from: string, to: string): Promise<void> {
  const { rows } = await sql`select 1 from sqlite_schema where name = 'sqlite_sequence'`.execute(db);
  if (rows.length === 0) return;
  await sql`delete from sqlite_sequence where name = ${to}`.execute(db);
  await sql`insert into sqlite_sequence (name, seq) select ${to}, seq from sqlite_sequence where name = ${from}`.execute(
    db,
  );
}

function isGenerated(token: string | undefined): boolean {
  return isWord(token, 'generated') || isWord(token, 'as');
}

function isRowidName(name: string): boolean {
  return ['_rowid_', 'oid', 'rowid'].includes(unquote(name).toLowerCase());
}

interface Dependents {
  readonly dropped: readonly { readonly type: string; readonly name: string }[];
  /** Indexes of the table, and every view and trigger, in the order in which they were made. */
  readonly recreated: readonly string[];
}

async function readDependents(db: Db, table: string): Promise<Dependents> {
  const { rows } = await sql<{ type: string; name: string; sql: string }>`
    select type, name, sql from sqlite_schema
    where sql is not null and (type in ('view', 'trigger') or (type = 'index' and lower(tbl_name) = lower(${table})))
    order by rowid
  `.execute(db);
  return {
    dropped: rows
      .filter(({ type }) => type !== 'index')
      .toSorted((left) => (left.type === 'trigger' ? -1 : 1)),
    recreated: rows.map((row) => row.sql),
  };
}

async function readTable(db: Db, name: string): Promise<string> {
  const { rows } = await sql<{ sql: string }>`
    select sql from sqlite_schema where type = 'table' and lower(name) = lower(${name})
  `.execute(db);
  const [row] = rows;
  if (row === undefined) throw new UsageError('unknown_table', `There is no table "${name}" to change.`);
  return row.sql;
}

async function assertSchemaChange(db: Db): Promise<void> {
  const { rows } = await sql<{
    isOn: number;
  }>`select foreign_keys as "isOn" from pragma_foreign_keys`.execute(db);
  if (rows[0]?.isOn === 0) return;
  throw new UsageError(
    'invalid_query',
    'SQLite rebuilds a table for this change, which is safe only in a migration: the rows of its children would be deleted.',
  );
}

async function run(db: Db, text: string): Promise<void> {
  await sql.raw(text).execute(db);
}
