import { UnsupportedError, UsageError } from '@sluice/core';
import {
  type AddConstraintNode,
  type DropConstraintNode,
  PrimaryKeyConstraintNode,
  type RenameConstraintNode,
} from 'kysely';
import { type ConstraintEnding, defaultConstraintName } from '../schema/default-constraint-name.js';
import { type Clause, type ClauseKind, listedColumns, mentionedNames } from '../schema/table-clauses.js';
import { clausesOf } from '../schema/table-definition.js';
import { keyword } from '../sql/tokens.js';
import { parseTypeCheckName } from '../values/type-check-name.js';
import type { CompileNode } from './compile-node.js';
import type { TableChange } from './table-change.js';

/** A constraint, written at a column or at the table. */
interface Constraint {
  /** Its explicit name, or the default name that PostgreSQL would give it. */
  readonly name: string;
  readonly clause: Clause;
  readonly columns: readonly string[];
}

/**
 * Adds a constraint to the table.
 *
 * @throws UsageError when the name is taken, or when a second primary key is added.
 */
export function addConstraint(
  change: TableChange,
  { constraint }: AddConstraintNode,
  compile: CompileNode,
): void {
  const name = constraint.name?.name;
  if (name !== undefined && find(change, name) !== undefined) {
    throw invalid(`There is a constraint "${name}" in "${change.definition.name}" already.`);
  }
  if (PrimaryKeyConstraintNode.is(constraint)) preparePrimaryKey(change, constraint);
  change.definition = change.definition.addConstraint(compile(constraint));
}

/**
 * Drops a constraint by its explicit or default name. As in PostgreSQL, the columns of a dropped primary key stay NOT NULL.
 *
 * @throws UsageError when there is none of that name; UnsupportedError for the primary key of an identity column.
 */
export function dropConstraint(
  change: TableChange,
  { constraintName, ifExists }: Pick<DropConstraintNode, 'constraintName' | 'ifExists'>,
): void {
  const found = find(change, constraintName.name);
  if (found === undefined) {
    if (ifExists) return;
    throw unknownConstraint(change, constraintName.name);
  }
  change.definition = change.definition.removeClause(found.clause);
  if (found.clause.kind !== 'primary key') return;
  if (found.clause.tokens.some((token) => keyword(token) === 'AUTOINCREMENT')) {
    throw new UnsupportedError(
      `"${found.columns.join(', ')}" counts by itself, which in SQLite only a primary key does; it cannot stop to be one.`,
    );
  }
  for (const column of found.columns) change.setNotNull(column);
}

/**
 * Renames a constraint.
 *
 * @throws UsageError when there is none of the old name, or one of the new name.
 */
export function renameConstraint(change: TableChange, { oldName, newName }: RenameConstraintNode): void {
  const found = find(change, oldName.name);
  if (found === undefined) throw unknownConstraint(change, oldName.name);
  if (find(change, newName.name) !== undefined) {
    throw invalid(`There is a constraint "${newName.name}" in "${change.definition.name}" already.`);
  }
  change.definition = change.definition.renameClause(found.clause, newName.name);
}

/** Removes every constraint that involves the column, as PostgreSQL does when a column is dropped. */
export function dropConstraintsOn(change: TableChange, column: string): void {
  const name = column.toLowerCase();
  const involves = ({ kind, ...clause }: Clause): boolean =>
    kind === 'check'
      ? mentionedNames({ kind, ...clause }).has(name)
      : listedColumns({ kind, ...clause }).some((listed) => listed.toLowerCase() === name);
  for (;;) {
    const own = change.definition.constraints.find(involves);
    const checks = change.definition.columns.flatMap((each) =>
      each.name.toLowerCase() === name ? [] : clausesOf(each, 'check'),
    );
    const clause = own ?? checks.find(involves);
    if (clause === undefined) return;
    change.definition = change.definition.removeClause(clause);
  }
}

function preparePrimaryKey(change: TableChange, { columns }: PrimaryKeyConstraintNode): void {
  const { name } = change.definition;
  if (constraintsOf(change).some(({ clause }) => clause.kind === 'primary key')) {
    throw invalid(`"${name}" has a primary key already. Drop it first.`);
  }
  for (const { column } of columns) change.setNotNull(column.name);
}

function find(change: TableChange, name: string): Constraint | undefined {
  return constraintsOf(change).find((constraint) => constraint.name === name);
}

/** The constraints in the order of the text, without the type checks. */
function constraintsOf({ definition }: TableChange): Constraint[] {
  const columns = new Set(definition.columns.map(({ name }) => name.toLowerCase()));
  const ofColumns = definition.columns.flatMap(({ name, clauses }) =>
    clauses.map((clause) => ({ clause, columns: [name] })),
  );
  const ofTable = definition.constraints.map((clause) => ({
    clause,
    columns:
      clause.kind === 'check'
        ? [...mentionedNames(clause)].filter((name) => columns.has(name))
        : listedColumns(clause),
  }));
  return [...ofColumns, ...ofTable].flatMap(({ clause, columns: its }) => {
    const ending = ENDINGS[clause.kind];
    const name = clause.name ?? (ending && defaultConstraintName(definition.name, its, ending));
    return name === undefined || parseTypeCheckName(name) !== undefined
      ? []
      : [{ name, clause, columns: its }];
  });
}

const ENDINGS: Readonly<Partial<Record<ClauseKind, ConstraintEnding>>> = {
  check: 'check',
  'foreign key': 'fkey',
  'primary key': 'pkey',
  references: 'fkey',
  unique: 'key',
};

function unknownConstraint(change: TableChange, name: string): UsageError {
  const known = constraintsOf(change).map((constraint) => constraint.name);
  const told = known.length === 0 ? 'It has none.' : `There are: ${known.join(', ')}.`;
  return invalid(`There is no constraint "${name}" in "${change.definition.name}". ${told}`);
}

function invalid(message: string): UsageError {
  return new UsageError('invalid_query', message);
}
