import { quoteIdentifier } from '../sql/quoting.js';
import { keyword, nameOf, splitAtCommas, type Token, tokenize } from '../sql/tokens.js';
import { BIGINT_MARK } from '../values/bigint-columns.js';
import { type Clause, type ClauseKind, splitClauses } from './table-clauses.js';

/** A column in the text of a CREATE TABLE. */
export interface ColumnDefinition {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** The declared type, including the bigint mark; empty when there is none. */
  readonly type: { readonly text: string; readonly from: number; readonly to: number };
  readonly clauses: readonly Clause[];
}

/** A column or a table constraint: the text between two commas. */
interface Item {
  readonly from: number;
  readonly to: number;
  readonly clauses: readonly Clause[];
}

/**
 * The parsed text of a CREATE TABLE that can be edited. An edit replaces only the text of its column or clause and keeps every other character,
 * so syntax that is not parsed is preserved. Instances are immutable: edits return a new definition.
 */
export class TableDefinition {
  readonly sql: string;
  /** The table's name. */
  readonly name: string;
  readonly columns: readonly ColumnDefinition[];
  /** The constraints of the table itself. */
  readonly constraints: readonly Clause[];
  readonly #nameToken: Token;
  readonly #items: readonly Item[];

  /** @param sql The CREATE TABLE of an ordinary table, see {@link isOrdinaryTable}. */
  constructor(sql: string) {
    const [, , nameToken = NOTHING, body = NOTHING] = tokenize(sql);
    this.sql = sql;
    this.#nameToken = nameToken;
    this.name = nameOf(nameToken);
    const parts = splitAtCommas(body.inner);
    const columns = parts.filter((tokens) => !TABLE_CONSTRAINT.has(keyword(tokens[0])));
    this.columns = columns.map((tokens) => readColumn(sql, tokens));
    const others = parts.slice(columns.length).map((tokens) => readItem(tokens));
    this.constraints = others.flatMap(({ clauses }) => clauses);
    this.#items = [...this.columns, ...others];
  }

  column(name: string): ColumnDefinition | undefined {
    const wanted = name.toLowerCase();
    return this.columns.find((column) => column.name.toLowerCase() === wanted);
  }

  /** The same table under another name. */
  named(name: string): TableDefinition {
    return this.#replace(this.#nameToken.from, this.#nameToken.to, quoteIdentifier(name));
  }

  addColumn(definition: string): TableDefinition {
    const last = this.columns.at(-1)?.to ?? this.#nameToken.to;
    return this.#replace(last, last, `, ${definition}`);
  }

  addConstraint(definition: string): TableDefinition {
    const last = this.#items.at(-1)?.to ?? this.#nameToken.to;
    return this.#replace(last, last, `, ${definition}`);
  }

  removeColumn(column: ColumnDefinition): TableDefinition {
    return this.#removeItem(column.from);
  }

  /** Adds a clause at the end of a column. */
  addClause(column: ColumnDefinition, clause: string): TableDefinition {
    return this.#replace(column.to, column.to, ` ${clause}`);
  }

  /** Removes a clause of a column, or a constraint of the table. */
  removeClause(clause: Clause): TableDefinition {
    const alone = this.#items.find(({ from, to }) => from === clause.from && to === clause.to);
    if (alone !== undefined) return this.#removeItem(alone.from);
    const from = this.sql.charAt(clause.from - 1) === ' ' ? clause.from - 1 : clause.from;
    return this.#replace(from, clause.to, '');
  }

  /** Renames a clause, or names an unnamed one. */
  renameClause({ nameAt, from }: Clause, name: string): TableDefinition {
    if (nameAt === undefined) return this.#replace(from, from, `constraint ${quoteIdentifier(name)} `);
    return this.#replace(nameAt.from, nameAt.to, quoteIdentifier(name));
  }

  setType({ type }: ColumnDefinition, declared: string): TableDefinition {
    return this.#replace(type.from, type.to, type.text === '' ? ` ${declared}` : declared);
  }

  #removeItem(from: number): TableDefinition {
    const index = this.#items.findIndex((item) => item.from === from);
    const [before, item, after] = [this.#items[index - 1], this.#items[index], this.#items[index + 1]];
    if (item === undefined) return this;
    if (before !== undefined) return this.#replace(before.to, item.to, '');
    return this.#replace(item.from, after?.from ?? item.to, '');
  }

  #replace(from: number, to: number, text: string): TableDefinition {
    return new TableDefinition(this.sql.slice(0, from) + text + this.sql.slice(to));
  }
}

/** Whether `sql` creates an ordinary table, not a virtual one. */
export function isOrdinaryTable(sql: string): boolean {
  const [create, table, , body] = tokenize(sql);
  return keyword(create) === 'CREATE' && keyword(table) === 'TABLE' && body?.kind === 'group';
}

/** The clauses of a column that are of `kind`. */
export function clausesOf({ clauses }: ColumnDefinition, kind: ClauseKind): Clause[] {
  return clauses.filter((clause) => clause.kind === kind);
}

const NOTHING: Token = { kind: 'symbol', text: '', from: 0, to: 0, inner: [] };

const TABLE_CONSTRAINT: ReadonlySet<string> = new Set([
  'CONSTRAINT',
  'PRIMARY',
  'UNIQUE',
  'CHECK',
  'FOREIGN',
]);

function readItem(tokens: readonly Token[]): Item {
  return { from: tokens[0]?.from ?? 0, to: tokens.at(-1)?.to ?? 0, clauses: splitClauses(tokens) };
}

function readColumn(sql: string, tokens: readonly Token[]): ColumnDefinition {
  const [name, ...rest] = tokens;
  const clauses = splitClauses(rest);
  const end = clauses[0]?.from ?? Number.POSITIVE_INFINITY;
  const typed = rest.filter(({ from }) => from < end);
  const { from = 0, to = 0 } = { from: typed[0]?.from ?? name?.to, to: typed.at(-1)?.to ?? name?.to };
  const isMarked = typed.length > 0 && sql.startsWith(BIGINT_MARK, from);
  const typeTo = isMarked ? from + BIGINT_MARK.length : to;
  const type = { from, to: typeTo, text: sql.slice(from, typeTo) };
  const last = Math.max(tokens.at(-1)?.to ?? 0, type.to);
  return { name: nameOf(name), from: name?.from ?? 0, to: last, type, clauses };
}
