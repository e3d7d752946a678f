import { keyword, nameOf, namesIn, splitAtCommas, type Token } from '../sql/tokens.js';

/** What a clause of a column, or a constraint of a table, is about. */
export type ClauseKind =
  | 'check'
  | 'collate'
  | 'default'
  | 'foreign key'
  | 'generated'
  | 'not null'
  | 'null'
  | 'primary key'
  | 'references'
  | 'unique'
  /** A name that no constraint follows, which SQLite allows. */
  | 'nothing';

/** A clause of a column, such as NOT NULL, or a constraint of a table. */
export interface Clause {
  readonly kind: ClauseKind;
  /** The constraint's name; `undefined` when it has none. */
  readonly name: string | undefined;
  readonly nameAt: { readonly from: number; readonly to: number } | undefined;
  readonly from: number;
  readonly to: number;
  /** Without the name. */
  readonly tokens: readonly Token[];
}

/** Splits what follows a column's type, or makes up a constraint of a table, into clauses. What comes before the first is left out. */
export function splitClauses(tokens: readonly Token[]): Clause[] {
  const starts = tokens.flatMap((_, index) => (startsClause(tokens, index) ? [index] : []));
  return starts.map((start, position) => readClause(tokens.slice(start, starts[position + 1])));
}

/** The columns that a key, a unique or a foreign key constraint lists. */
export function listedColumns({ tokens }: Clause): string[] {
  const list = tokens.find(({ kind }) => kind === 'group');
  return splitAtCommas(list?.inner ?? []).map(([first]) => nameOf(first));
}

/** Every name that a clause holds in its parentheses, in lower case. */
export function mentionedNames({ tokens }: Clause): ReadonlySet<string> {
  return new Set(namesIn(tokens.filter(({ kind }) => kind === 'group')));
}

function readClause(tokens: readonly Token[]): Clause {
  const [first, nameToken] = tokens;
  const isNamed = keyword(first) === 'CONSTRAINT';
  const own = isNamed ? tokens.slice(2) : tokens;
  return {
    kind: KINDS[keyword(own[0])] ?? 'nothing',
    name: isNamed ? nameOf(nameToken) : undefined,
    nameAt: isNamed && nameToken !== undefined ? { from: nameToken.from, to: nameToken.to } : undefined,
    from: first?.from ?? 0,
    to: tokens.at(-1)?.to ?? 0,
    tokens: own,
  };
}

const KINDS: Readonly<Record<string, ClauseKind | undefined>> = {
  AS: 'generated',
  CHECK: 'check',
  COLLATE: 'collate',
  DEFAULT: 'default',
  FOREIGN: 'foreign key',
  GENERATED: 'generated',
  NOT: 'not null',
  NULL: 'null',
  PRIMARY: 'primary key',
  REFERENCES: 'references',
  UNIQUE: 'unique',
};

/** Whether a clause begins here: not where its keyword is a name, part of a clause that began before, or its name came before. */
function startsClause(tokens: readonly Token[], index: number): boolean {
  const before = keyword(tokens[index - 1]);
  if (before === 'CONSTRAINT' || keyword(tokens[index - 2]) === 'CONSTRAINT') return false;
  const word = keyword(tokens[index]);
  switch (word) {
    case 'AS':
      return before !== 'ALWAYS';
    case 'DEFAULT':
      return before !== 'SET';
    case 'NOT':
      return keyword(tokens[index + 1]) === 'NULL';
    case 'NULL':
      return before !== 'DEFAULT' && before !== 'NOT' && before !== 'SET';
    case 'REFERENCES':
      return keyword(tokens[index - 2]) !== 'KEY';
    default:
      return word === 'CONSTRAINT' || KINDS[word] !== undefined;
  }
}
