import { UnsupportedError, UsageError, type ValueTypeName } from '@sluice/core';
import { parseTypeCheckName } from '../sqlite-check-name.js';
import { portableType } from '../sqlite-column-types.js';
import { isNamed, isWord, unquote } from './sql-tokens.js';
import { type ColumnDefinition, parseColumn, type TableDefinition, unnamed } from './table-definition.js';

/** The table with one column changed. @throws UsageError `unknown_column`. */
export function changeColumn(
  table: TableDefinition,
  name: string,
  change: (column: ColumnDefinition) => ColumnDefinition,
): TableDefinition {
  if (!table.columns.some((column) => isNamed(column.name, name))) {
    throw new UsageError('unknown_column', `The table has no column "${name}" to change.`);
  }
  return {
    ...table,
    columns: table.columns.map((column) => (isNamed(column.name, name) ? change(column) : column)),
  };
}

/** The column with another type: `fresh` is how a new column of that type is declared. */
export function withType(column: ColumnDefinition, fresh: readonly string[]): ColumnDefinition {
  const { type, clauses } = parseColumn(fresh);
  assertConvertible(column, type.join(' '));
  const kept = column.clauses.filter((clause) => !isTypeCheck(clause));
  return { name: column.name, type, clauses: [...kept, ...clauses] };
}

export function withNotNull(column: ColumnDefinition, isNotNull: boolean): ColumnDefinition {
  const kept = column.clauses.filter((clause) => !isWord(unnamed(clause)[0], 'not'));
  return { ...column, clauses: isNotNull ? [['not', 'null'], ...kept] : kept };
}

/** @param clause the new DEFAULT; `undefined` for none. */
export function withDefault(
  column: ColumnDefinition,
  clause: readonly string[] | undefined,
): ColumnDefinition {
  const kept = column.clauses.filter((each) => !isWord(unnamed(each)[0], 'default'));
  return { ...column, clauses: clause === undefined ? kept : [...kept, clause] };
}

/** The table without a named constraint, be it the table's or a column's. @throws UsageError when there is none. */
export function withoutConstraint(table: TableDefinition, name: string): TableDefinition {
  const isOther = (clause: readonly string[]): boolean =>
    !(isWord(clause[0], 'constraint') && isNamed(clause[1], name));
  const constraints = table.constraints.filter(isOther);
  const columns = table.columns.map((column) => ({ ...column, clauses: column.clauses.filter(isOther) }));
  const count = (definition: Pick<TableDefinition, 'columns' | 'constraints'>): number =>
    definition.constraints.length + definition.columns.flatMap(({ clauses }) => clauses).length;
  if (count({ columns, constraints }) === count(table)) {
    throw new UsageError(
      'invalid_query',
      `The table has no constraint "${name}". Give constraints a name to be able to drop them.`,
    );
  }
  return { ...table, columns, constraints };
}

function isTypeCheck(clause: readonly string[]): boolean {
  const [word, name] = clause;
  return isWord(word, 'constraint') && name !== undefined && parseTypeCheckName(unquote(name)) !== undefined;
}

const WHOLE: readonly ValueTypeName[] = ['smallint', 'integer', 'bigint'];
const TEXT: readonly ValueTypeName[] = ['text', 'varchar'];

/** Conversions that SQLite's affinity makes exactly, or that the new type's CHECK refuses row by row. */
const CONVERSIONS: Readonly<Partial<Record<ValueTypeName, readonly ValueTypeName[]>>> = {
  bigint: [...WHOLE, 'text'],
  date: ['date', ...TEXT],
  integer: [...WHOLE, 'double precision', 'text'],
  json: ['json', 'jsonb'],
  jsonb: ['json', 'jsonb'],
  smallint: [...WHOLE, 'double precision', 'text'],
  text: [...TEXT, 'date', 'uuid'],
  uuid: ['uuid', ...TEXT],
  varchar: [...TEXT, 'date', 'uuid'],
};

function assertConvertible(column: ColumnDefinition, declared: string): void {
  const from = portableType(column.type.join(' '))?.name;
  const to = portableType(declared)?.name;
  if (from !== undefined && to !== undefined && CONVERSIONS[from]?.includes(to)) return;
  throw new UnsupportedError(
    `SQLite cannot change "${unquote(column.name)}" from ${column.type.join(' ')} to ${declared} without changing its values. ` +
      'Add a column, fill it by an update, and drop the old one.',
  );
}
