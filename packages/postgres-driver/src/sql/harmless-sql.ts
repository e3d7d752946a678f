import { isHarmlessCall, isOwnType } from './harmless-functions.js';
import { type Token, tokensOf } from './tokens.js';

/** What an SQL text touches that does nothing but read and write rows. */
export interface Touched {
  /** All names in it, of tables, columns and whatever else; without schemas. */
  readonly names: ReadonlySet<string>;
  readonly isWrite: boolean;
}

/** What kind of text it is: a statement, an expression, or the body of a function in PL/pgSQL. */
export type TextKind = 'body' | 'expression' | 'statement';

/** Longer texts are rarely worth reading. */
const MAX_LENGTH = 8192;

/**
 * Proves from the text that a statement leaves nothing in its session: it only reads and writes rows, calls PostgreSQL's own harmless functions only, and
 * casts to PostgreSQL's own types only. What the tables in it do, such as a view or a trigger, remains to be known. Operators and types of the application
 * are trusted.
 *
 * @returns what it touches; `undefined` where it is not proven.
 */
export function touchedBy(text: string, kind: TextKind = 'statement'): Touched | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const reading = new Reading([...tokensOf(text)], kind);
  return reading.isHarmless() ? reading : undefined;
}

/** Statements by their first word. Those on savepoints, and SET LOCAL, end with their transaction. */
const STATEMENTS: ReadonlySet<string> = new Set(
  'delete insert merge release savepoint select table update values with'.split(' '),
);

const ENDS_WITH_TRANSACTION: Readonly<Record<string, readonly string[] | undefined>> = {
  rollback: ['to'],
  set: ['constraints', 'local', 'transaction'],
};

/** The words with which a statement of PL/pgSQL may begin; otherwise it is an assignment. */
const BODY_STATEMENTS: ReadonlySet<string> = new Set(
  `assert begin case close continue declare delete else elseif elsif end exception exit fetch for foreach get if insert loop merge move null open perform raise
  return select then update when while with`.split(/\s+/),
);

/** The words after which a statement of PL/pgSQL begins. */
const BODY_STARTS: ReadonlySet<string> = new Set(['begin', 'else', 'loop', 'then']);

const WRITES: ReadonlySet<string> = new Set(['delete', 'insert', 'merge', 'update']);

class Reading implements Touched {
  readonly names = new Set<string>();
  isWrite = false;
  readonly #tokens: readonly Token[];
  readonly #kind: TextKind;
  /** The open parentheses: whether each is that of a CAST. */
  readonly #open: boolean[] = [];
  #isDeclaring = false;

  constructor(tokens: readonly Token[], kind: TextKind) {
    this.#tokens = tokens;
    this.#kind = kind;
  }

  isHarmless(): boolean {
    if (this.#kind === 'statement' && !this.#beginsHarmlessly()) return false;
    return this.#tokens.every((token, at) => this.#isHarmlessAt(token, at));
  }

  #beginsHarmlessly(): boolean {
    const at = this.#tokens.findIndex(({ text }) => text !== '(');
    const first = this.#word(at);
    if (first === undefined) return false;
    return (
      STATEMENTS.has(first) || (ENDS_WITH_TRANSACTION[first]?.includes(this.#word(at + 1) ?? '') ?? false)
    );
  }

  #isHarmlessAt({ kind, text }: Token, at: number): boolean {
    if (kind === 'unknown') return false;
    if (kind === 'name' || kind === 'word') this.names.add(text);
    if (kind === 'word') return this.#isHarmlessWord(text, at);
    return kind !== 'sign' || this.#isHarmlessSign(text, at);
  }

  #isHarmlessWord(word: string, at: number): boolean {
    const before = this.#word(at - 1);
    if (WRITES.has(word) && before !== 'for' && before !== 'key') this.isWrite = true;
    if (this.#kind === 'body') return this.#isHarmlessInBody(word, at);
    if (word === 'into') return before === 'insert' || before === 'merge';
    return word !== 'as' || this.#open.at(-1) !== true || this.#isOwnTypeAt(at + 1);
  }

  #isHarmlessInBody(word: string, at: number): boolean {
    if (word === 'execute') return false;
    if (word === 'as' && this.#open.at(-1) === true) return this.#isOwnTypeAt(at + 1);
    if (word === 'declare' || word === 'begin') this.#isDeclaring = word === 'declare';
    if (!this.#beginsStatement(at) || this.#isDeclaring || BODY_STATEMENTS.has(word)) return true;
    return [':', '.', '=', '['].includes(this.#tokens[at + 1]?.text ?? '');
  }

  /** Whether a statement of PL/pgSQL begins here. */
  #beginsStatement(at: number): boolean {
    const before = this.#tokens[at - 1];
    return before === undefined || before.text === ';' || BODY_STARTS.has(this.#word(at - 1) ?? '');
  }

  #isStatementOfBody(word: string, at: number): boolean {
    return this.#kind === 'body' && BODY_STATEMENTS.has(word) && this.#beginsStatement(at);
  }

  /** Whether it is the parenthesis of ON CONFLICT, which ON and a function of this name would look like. */
  #isOfConflict(at: number): boolean {
    return this.#word(at - 1) === 'conflict' && this.#word(at - 2) === 'on' && !this.names.has('join');
  }

  #isHarmlessSign(sign: string, at: number): boolean {
    if (sign === ';') return this.#kind === 'body' || at === this.#tokens.length - 1;
    if (sign === '::') return this.#isOwnTypeAt(at + 1);
    if (sign === ')') this.#open.pop();
    if (sign !== '(') return true;
    this.#open.push(this.#word(at - 1) === 'cast');
    return this.#isHarmlessParenthesis(at);
  }

  #isHarmlessParenthesis(at: number): boolean {
    const before = this.#tokens[at - 1];
    if (before?.kind !== 'name' && before?.kind !== 'word') return true;
    const isQualified = this.#tokens[at - 2]?.text === '.';
    if (this.#word(isQualified ? at - 4 : at - 2) === 'into') return true;
    if (before.kind === 'name' || (isQualified && this.#word(at - 3) !== 'pg_catalog')) return false;
    if (before.text === 'set_config') return this.#isLocalSetting(at);
    if (before.text === 'cast' || this.#isOfConflict(at)) return true;
    return (
      isHarmlessCall(before.text, this.#tokens[at - 2]?.text) || this.#isStatementOfBody(before.text, at - 1)
    );
  }

  /** Whether `(name, value, true)` follows, of which name and value are given as they are. */
  #isLocalSetting(at: number): boolean {
    const [name, comma, value, second, isLocal, end] = this.#tokens.slice(at + 1, at + 7);
    const isGiven = [name, value].every((each) => each?.kind === 'string' || each?.kind === 'parameter');
    return (
      isGiven && comma?.text === ',' && second?.text === ',' && isLocal?.text === 'true' && end?.text === ')'
    );
  }

  /** Types of more words, such as `double precision`, begin with one that is only a type. */
  #isOwnTypeAt(at: number): boolean {
    const word = this.#word(at);
    return word !== undefined && isOwnType(word) && this.#tokens[at + 1]?.text !== '.';
  }

  #word(at: number): string | undefined {
    const token = this.#tokens[at];
    return token?.kind === 'word' ? token.text : undefined;
  }
}
