import {
  afterGroup,
  keyword,
  nameOf,
  sourceText,
  splitAtCommas,
  type Token,
  tokenize,
} from '../sql/tokens.js';

/** Parts of a table that SQLite's catalog does not return, only the text of CREATE TABLE. */
export interface TableText {
  readonly checks: readonly { readonly name: string | undefined; readonly sql: string }[];
  /** SQL of the generated columns by lower-case name. */
  readonly generated: ReadonlyMap<string, string>;
  /** Collations by lower-case column name. */
  readonly collations: ReadonlyMap<string, string>;
  /** Foreign keys in the order of the text. */
  readonly foreignKeys: readonly ForeignKeyText[];
}

export interface ForeignKeyText {
  readonly name: string | undefined;
  readonly columns: readonly string[];
  readonly isDeferred: boolean;
}

/** Keywords that begin a table constraint. Any other definition begins with the name of a column. */
const TABLE_CONSTRAINTS = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN']);

/** Parses a CREATE TABLE. SQLite has accepted it, so the parser understands only the parts that it needs. */
export function readTableText(sql: string): TableText {
  const tokens = tokenize(sql);
  const open = tokens.findIndex(({ text }) => text === '(');
  const body = open < 0 ? [] : tokens.slice(open + 1, afterGroup(tokens, open) - 1);
  const found: Found = { sql, checks: [], generated: new Map(), collations: new Map(), foreignKeys: [] };
  for (const part of splitAtCommas(body)) {
    const isConstraint = part[0]?.kind === 'word' && TABLE_CONSTRAINTS.has(keyword(part[0]));
    readDefinition(part, isConstraint ? undefined : nameOf(part[0]), found);
  }
  return found;
}

interface Found {
  readonly sql: string;
  readonly checks: { name: string | undefined; sql: string }[];
  readonly generated: Map<string, string>;
  readonly collations: Map<string, string>;
  readonly foreignKeys: ForeignKeyText[];
}

function readDefinition(tokens: readonly Token[], column: string | undefined, found: Found): void {
  let name: string | undefined;
  for (let at = column === undefined ? 0 : 1; at < tokens.length; at += 1) {
    const next = tokens[at + 1];
    switch (keyword(tokens[at])) {
      case 'CONSTRAINT':
        name = nameOf(next);
        at += 1;
        break;
      case 'CHECK':
        found.checks.push({ name, sql: groupText(tokens, at + 1, found.sql) });
        name = undefined;
        at = afterGroup(tokens, at + 1) - 1;
        break;
      case 'AS':
        if (column !== undefined)
          found.generated.set(column.toLowerCase(), groupText(tokens, at + 1, found.sql));
        at = afterGroup(tokens, at + 1) - 1;
        break;
      case 'COLLATE':
        if (column !== undefined) found.collations.set(column.toLowerCase(), nameOf(next).toUpperCase());
        at += 1;
        break;
      case 'REFERENCES':
        found.foreignKeys.push({
          name,
          columns: keyColumns(tokens, column),
          isDeferred: isDeferred(tokens, at),
        });
        name = undefined;
        break;
      case 'DEFAULT':
        at = next?.text === '(' ? afterGroup(tokens, at + 1) - 1 : at + 1;
        break;
    }
  }
}

/** The text inside the parentheses that open at `open`. */
function groupText(tokens: readonly Token[], open: number, sql: string): string {
  return sourceText(sql, tokens.slice(open + 1, afterGroup(tokens, open) - 1));
}

function keyColumns(tokens: readonly Token[], column: string | undefined): string[] {
  if (column !== undefined) return [column];
  const open = tokens.findIndex(({ text }) => text === '(');
  return splitAtCommas(tokens.slice(open + 1, afterGroup(tokens, open) - 1)).map(([name]) => nameOf(name));
}

/** Whether the key is DEFERRABLE INITIALLY DEFERRED; NOT DEFERRABLE or INITIALLY IMMEDIATE is the opposite. */
function isDeferred(tokens: readonly Token[], from: number): boolean {
  const words = tokens.slice(from + 1).map(keyword);
  const next = words.indexOf('REFERENCES');
  const own = (next < 0 ? words : words.slice(0, next)).join(' ');
  return /(?<!NOT )DEFERRABLE INITIALLY DEFERRED/.test(own);
}
