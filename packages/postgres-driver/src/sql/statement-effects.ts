import { firstWord } from './first-word.js';

/** What a statement may do besides reading and writing rows, judged by its text. */
export interface StatementEffects {
  /**
   * Whether it may commit before the server reports its completion, all of its work or a part: CALL and DO may, COMMIT does, and so do commands
   * that cannot run in a transaction block, such as VACUUM.
   */
  readonly mayCommit: boolean;
  /** Whether it is COMMIT, which commits everything or nothing. */
  readonly isCommit: boolean;
}

/** Finds the effects of a statement from its text. */
export function effectsOf(text: string): StatementEffects {
  return { mayCommit: mayCommit(text), isCommit: COMMIT.test(text) };
}

const COMMIT = /^\s*commit\s*;?\s*$/i;

/** Every statement may, unless it is known not to. */
function mayCommit(text: string): boolean {
  const word = firstWord(text);
  if (ROWS.has(word)) return false;
  return !OTHERS.has(word) || COMMITS_ITSELF.test(text);
}

/** The statements on rows: they are committed as a whole, after their completion was reported. */
const ROWS: ReadonlySet<string> = new Set([
  'copy',
  'delete',
  'insert',
  'merge',
  'select',
  'table',
  'update',
  'values',
  'with',
]);

/** Other statements that are committed so, unless they name what {@link COMMITS_ITSELF} finds. */
const OTHERS: ReadonlySet<string> = new Set([
  'alter',
  'begin',
  'comment',
  'create',
  'drop',
  'explain',
  'grant',
  'listen',
  'lock',
  'notify',
  'refresh',
  'release',
  'reset',
  'revoke',
  'savepoint',
  'set',
  'show',
  'truncate',
  'unlisten',
]);

/** What PostgreSQL creates, changes and drops outside transaction blocks, by commits of its own. */
const COMMITS_ITSELF = /\b(?:concurrently|database|subscription|system|tablespace)\b/i;
