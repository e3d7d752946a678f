import { keyword, nameOf, type Token, tokenize } from '../sql/tokens.js';

/** The effect of a statement on the rows of one table, by its text. Table names are in lower case. */
export type RowEffect = TableEffect | SavepointEffect;

/** Deletes, inserts or replaces rows of a table, or drops or renames it. */
export type TableEffect =
  | { readonly kind: 'delete' | 'drop' | 'insert' | 'replace'; readonly table: string }
  | { readonly kind: 'rename'; readonly table: string; readonly to: string };

interface SavepointEffect {
  readonly kind: 'rollback_to' | 'savepoint';
  readonly name: string;
}

/** The effect of a statement; `undefined` when it neither adds nor removes rows, or when that is unknown. */
export function effectOf(sql: string): RowEffect | undefined {
  const tokens = withoutWith(tokenize(sql));
  const words = tokens.map(keyword);
  const last = words.indexOf('TO');
  switch (words[0]) {
    case 'DELETE':
      return { kind: 'delete', table: tableAfter(tokens, 'FROM') };
    case 'INSERT':
      if (words[1] === 'OR' && words[2] === 'REPLACE')
        return { kind: 'replace', table: tableAfter(tokens, 'INTO') };
      // The number of changes includes rows that a conflict skipped or updated, so it says nothing about inserted rows.
      return words[1] === 'OR' || words.includes('CONFLICT')
        ? undefined
        : { kind: 'insert', table: tableAfter(tokens, 'INTO') };
    case 'REPLACE':
      return { kind: 'replace', table: tableAfter(tokens, 'INTO') };
    case 'UPDATE':
      return words[2] === 'REPLACE' ? { kind: 'replace', table: tableAfter(tokens, 'REPLACE') } : undefined;
    case 'DROP':
      if (words[1] !== 'TABLE') return undefined;
      return { kind: 'drop', table: tableAfter(tokens, words[2] === 'IF' ? 'EXISTS' : 'TABLE') };
    case 'ALTER':
      if (words[last - 1] !== 'RENAME') return undefined;
      return {
        kind: 'rename',
        table: tableAfter(tokens, 'TABLE'),
        to: nameOf(tokens[last + 1]).toLowerCase(),
      };
    case 'SAVEPOINT':
      return { kind: 'savepoint', name: nameOf(tokens[1]).toLowerCase() };
    case 'ROLLBACK':
      return { kind: 'rollback_to', name: nameOf(tokens.at(-1)).toLowerCase() };
    default:
      return undefined;
  }
}

/** The tokens after the common table expressions. */
function withoutWith(tokens: readonly Token[]): readonly Token[] {
  const plain = tokens.filter(({ text }) => text !== ';');
  if (keyword(plain[0]) !== 'WITH') return plain;
  const verb = plain.findIndex((token) => VERBS.has(keyword(token)));
  return verb === -1 ? [] : plain.slice(verb);
}

const VERBS: ReadonlySet<string> = new Set(['DELETE', 'INSERT', 'REPLACE', 'SELECT', 'UPDATE']);

/** The table name after a keyword, without its schema. */
function tableAfter(tokens: readonly Token[], word: string): string {
  const at = tokens.findIndex((token) => keyword(token) === word) + 1;
  return nameOf(tokens[at + 1]?.text === '.' ? tokens[at + 2] : tokens[at]).toLowerCase();
}
