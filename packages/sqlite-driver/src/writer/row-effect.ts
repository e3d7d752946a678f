import { keyword, nameOf, type Token, tokenize } from '../sql/tokens.js';

/** What a statement says it does to the rows of one table. Tables are in lower case, as SQLite compares their names. */
export type RowEffect = TableEffect | SavepointEffect;

/** Rows of a table are deleted, added or replaced; the table is dropped or gets another name. */
export type TableEffect =
  | { readonly kind: 'delete' | 'drop' | 'insert' | 'replace'; readonly table: string }
  | { readonly kind: 'rename'; readonly table: string; readonly to: string };

interface SavepointEffect {
  readonly kind: 'rollback_to' | 'savepoint';
  readonly name: string;
}

/** The effect of a statement; `undefined` for one that takes no row away and adds none, or may do either. */
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
      // What a conflict leaves out or changes is counted as well, so that nothing can be told from the count.
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

/** The statement itself, after its common table expressions. */
function withoutWith(tokens: readonly Token[]): readonly Token[] {
  const plain = tokens.filter(({ text }) => text !== ';');
  if (keyword(plain[0]) !== 'WITH') return plain;
  const verb = plain.findIndex((token) => VERBS.has(keyword(token)));
  return verb === -1 ? [] : plain.slice(verb);
}

const VERBS: ReadonlySet<string> = new Set(['DELETE', 'INSERT', 'REPLACE', 'SELECT', 'UPDATE']);

/** The table named after a keyword, with or without the schema in front. */
function tableAfter(tokens: readonly Token[], word: string): string {
  const at = tokens.findIndex((token) => keyword(token) === word) + 1;
  return nameOf(tokens[at + 1]?.text === '.' ? tokens[at + 2] : tokens[at]).toLowerCase();
}
