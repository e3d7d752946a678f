import { keyword, nameOf, namesIn, splitAtCommas, type Token } from '../sql/tokens.js';

/** The kind of a clause of a column, or of a constraint of a table. */
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
  /** `CONSTRAINT name` without a constraint after it, which SQLite allows. */
  | 'nothing';

/** A clause of a column, such as NOT NULL, or a constraint of a table. */
export interface Clause {
  readonly kind: ClauseKind;
  /** The constraint's name; `undefined` when it has none. */
  readonly name: string | undefined;
  readonly nameAt: { readonly from: number; readonly to: number } | undefined;
  readonly from: number;
  readonly to: number;
  /** The tokens without `CONSTRAINT name`. */
  readonly tokens: readonly Token[];
}

/** Splits the tokens of a column, or of a table constraint, into clauses. Tokens before the first clause are left out. */
export function splitClauses(tokens: readonly Token[]): Clause[] {
  const starts = tokens.flatMap((_, index) => (startsClause(tokens, index) ? [index] : []));
  return starts.map((start, position) => readClause(tokens.slice(start, starts[position + 1])));
}

/** The columns that a key, a unique or a foreign key constraint lists. */
export function listedColumns({ tokens }: Clause): string[] {
  const list = tokens.find(({ kind }) => kind === 'group');
  return splitAtCommas(list?.inner ?? []).map(([first]) => nameOf(first));
}

/** Every name inside the clause's parentheses, in lower case. */
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

/** Whether a clause begins at `index`. It does not where the keyword is a constraint's name, or belongs to a clause that has begun before. */
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
