import { type Clause, type ClauseKind, listedColumns } from './table-clauses.js';
import { isOrdinaryTable, TableDefinition } from './table-definition.js';

/** A constraint with an explicit name. */
export interface NamedConstraint {
  readonly name: string;
  readonly kind: 'check' | 'foreign key' | 'primary key' | 'unique';
  /** Its columns; for a check, every name in its expression. */
  readonly columns: readonly string[];
}

const IDENTIFIER = String.raw`"(?:[^"]|"")+"|\[[^\]]+\]|\`[^\`]+\`|\w+`;

/** The named constraints in the text of a CREATE TABLE, the only place where SQLite keeps their names. */
export function namedConstraints(createTable: string): NamedConstraint[] {
  if (!isOrdinaryTable(createTable)) return [];
  const { columns, constraints } = new TableDefinition(createTable);
  const ofColumns = columns.flatMap(({ name, clauses }) =>
    clauses.flatMap((clause) => toNamed(clause, [name])),
  );
  return [...ofColumns, ...constraints.flatMap((clause) => toNamed(clause, listedColumns(clause)))];
}

function toNamed(clause: Clause, columns: readonly string[]): NamedConstraint[] {
  const kind = KINDS[clause.kind];
  if (kind === undefined || clause.name === undefined) return [];
  const { name } = clause;
  if (kind !== 'check') return [{ name, kind, columns }];
  const group = clause.tokens.find((token) => token.kind === 'group');
  return [{ name, kind, columns: identifiersIn(group?.text ?? '') }];
}

const KINDS: Readonly<Partial<Record<ClauseKind, NamedConstraint['kind']>>> = {
  check: 'check',
  'foreign key': 'foreign key',
  'primary key': 'primary key',
  references: 'foreign key',
  unique: 'unique',
};

/** The identifiers of an expression, in order of first appearance. String literals are left out. */
export function identifiersIn(expression: string): string[] {
  const words = expression.replaceAll(/'(?:[^']|'')*'/g, ' ').match(new RegExp(IDENTIFIER, 'g')) ?? [];
  return [...new Set(words.map(unquote))];
}

function unquote(identifier: string): string {
  if (identifier.startsWith('"')) return identifier.slice(1, -1).replaceAll('""', '"');
  return /^[[`]/.test(identifier) ? identifier.slice(1, -1) : identifier;
}
