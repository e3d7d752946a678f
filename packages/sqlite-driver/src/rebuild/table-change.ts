import { UnsupportedError, UsageError, type ValueType } from '@sluice/core';
import { type Clause, mentionedNames } from '../schema/table-clauses.js';
import { type ColumnDefinition, clausesOf, type TableDefinition } from '../schema/table-definition.js';
import { markedColumns } from '../values/bigint-columns.js';
import { portableType } from '../values/column-types.js';
import { parseTypeCheckName, typeCheckName } from '../values/type-check-name.js';

/** The definition of a table while alterations change it, and the conversions of its rows. */
export class TableChange {
  definition: TableDefinition;
  /** By column name, the SQL expression of values that are converted rather than copied. */
  readonly values: Map<string, string> = new Map();
  /** Dropped columns, in lower case. */
  readonly dropped: Set<string> = new Set();

  constructor(definition: TableDefinition) {
    this.definition = definition;
  }

  /** @throws UsageError `unknown_column`. */
  column(name: string): ColumnDefinition {
    const column = this.definition.column(name);
    if (column !== undefined) return column;
    throw new UsageError('unknown_column', `There is no column "${name}" in "${this.definition.name}".`);
  }

  /** The portable type of a column; `undefined` when its type is not portable. */
  type({ name, type }: ColumnDefinition): ValueType | undefined {
    if (markedColumns(this.definition.sql).includes(name)) return { name: 'bigint' };
    return portableType(type.text.replace(/\s*(?:--[^\n]*|\/\*[\s\S]*?\*\/)\s*/g, ' '));
  }

  /** The type check of a column. */
  typeCheck(column: ColumnDefinition): Clause | undefined {
    return clausesOf(column, 'check').find(
      ({ name }) => name !== undefined && parseTypeCheckName(name) !== undefined,
    );
  }

  /** @throws UnsupportedError for a generated column. */
  assertStored(column: ColumnDefinition): void {
    if (clausesOf(column, 'generated').length === 0) return;
    throw new UnsupportedError(
      `"${column.name}" is a generated column, which cannot be altered. Drop it and add it again.`,
    );
  }

  /** Removes all clauses of a kind from a column. */
  removeAll(name: string, kind: Clause['kind']): void {
    for (;;) {
      const [clause] = clausesOf(this.column(name), kind);
      if (clause === undefined) return;
      this.definition = this.definition.removeClause(clause);
    }
  }

  /** Adds a clause at the end of a column. */
  addClause(name: string, clause: string): void {
    this.definition = this.definition.addClause(this.column(name), clause);
  }

  /** Makes a column NOT NULL. */
  setNotNull(name: string): void {
    if (clausesOf(this.column(name), 'not null').length > 0) return;
    this.removeAll(name, 'null');
    this.addClause(name, 'not null');
  }

  /** Renames the type checks of renamed columns, which still have the old name, so that another column can use that name. */
  refreshTypeChecks(): void {
    for (const { name } of this.definition.columns) {
      const check = this.typeCheck(this.column(name));
      const told = check?.name === undefined ? undefined : parseTypeCheckName(check.name);
      if (check === undefined || told === undefined || told.column === name) continue;
      if (!mentionedNames(check).has(name.toLowerCase())) continue;
      this.definition = this.definition.renameClause(check, typeCheckName(name, told.type));
    }
  }
}
