import { isComment, isWord, splitAtCommas, tokenize } from './sql-tokens.js';

/** One column of a CREATE TABLE. */
export interface ColumnDefinition {
  /** As it is written, quotes included. */
  readonly name: string;
  /** The tokens of the type; empty where there is none. */
  readonly type: readonly string[];
  /** NOT NULL, DEFAULT, CHECK and all other clauses, each with the name it was given. */
  readonly clauses: readonly (readonly string[])[];
}

/** A CREATE TABLE, taken apart. */
export interface TableDefinition {
  readonly columns: readonly ColumnDefinition[];
  /** PRIMARY KEY, UNIQUE, CHECK and FOREIGN KEY of the table, each with the name it was given. */
  readonly constraints: readonly (readonly string[])[];
  /** STRICT, WITHOUT ROWID. */
  readonly options: readonly string[];
}

const CLAUSES: ReadonlySet<string> = new Set([
  'as',
  'check',
  'collate',
  'constraint',
  'default',
  'generated',
  'not',
  'null',
  'primary',
  'references',
  'unique',
]);

const TABLE_CONSTRAINTS: ReadonlySet<string> = new Set([
  'check',
  'constraint',
  'foreign',
  'primary',
  'unique',
]);

/** Takes the stored text of a CREATE TABLE apart. @throws Error when it is none that lists its columns. */
export function parseTable(sql: string): TableDefinition {
  const tokens = tokenize(sql);
  const body = tokens.findIndex((token) => token.startsWith('('));
  const list = tokens[body];
  if (list === undefined || isWord(tokens[1], 'virtual'))
    throw new Error('The table does not list its columns.');
  const items = splitAtCommas(tokenize(list.slice(1, -1)));
  const isConstraint = (item: readonly string[]): boolean =>
    TABLE_CONSTRAINTS.has(item[0]?.toLowerCase() ?? '');
  return {
    columns: items.filter((item) => !isConstraint(item)).map(parseColumn),
    constraints: items.filter(isConstraint),
    options: tokens.slice(body + 1),
  };
}

/** Takes one column apart. */
export function parseColumn(tokens: readonly string[]): ColumnDefinition {
  const leading = tokens.findIndex((token) => !isComment(token));
  const [name = '', ...rest] = [...tokens.slice(leading), ...tokens.slice(0, leading)];
  const end = rest.findIndex((token) => CLAUSES.has(token.toLowerCase()));
  const type = end === -1 ? rest : rest.slice(0, end);
  return { name, type, clauses: splitClauses(rest.slice(type.length)) };
}

/** The text of a CREATE TABLE under a name already quoted. */
export function formatTable(name: string, { columns, constraints, options }: TableDefinition): string {
  const items = [
    ...columns.map((column) => [column.name, ...column.type, ...column.clauses.flat()].join(' ')),
    ...constraints.map((constraint) => constraint.join(' ')),
  ];
  return `create table ${name} (${items.join(', ')}) ${options.join(' ')}`.trimEnd();
}

/** A clause without the name it was given. */
export function unnamed(clause: readonly string[]): readonly string[] {
  return isWord(clause[0], 'constraint') ? clause.slice(2) : clause;
}

function splitClauses(tokens: readonly string[]): string[][] {
  const clauses: string[][] = [];
  for (const [index, token] of tokens.entries()) {
    const clause = clauses.at(-1);
    if (clause === undefined || startsClause(tokens, index, clause)) clauses.push([token]);
    else clause.push(token);
  }
  return clauses;
}

function startsClause(tokens: readonly string[], index: number, clause: readonly string[]): boolean {
  const token = tokens[index]?.toLowerCase() ?? '';
  if (!CLAUSES.has(token)) return false;
  // `constraint name` belongs to what follows it; `not null`, `generated always as`, and `default null` are one.
  if (isWord(clause[0], 'constraint') && clause.length === 2) return false;
  const [first] = unnamed(clause);
  if (isWord(first, 'not') && unnamed(clause).length === 1) return false;
  if (isWord(first, 'generated') && token === 'as') return false;
  if (isWord(first, 'default') && unnamed(clause).length === 1) return false;
  if (!isWord(first, 'references')) return true;
  // `on delete set null`, `on update set default`, `not deferrable`.
  if (isWord(tokens[index - 1], 'set')) return false;
  return token !== 'not' || isWord(tokens[index + 1], 'null');
}
