/** What a statement may do besides reading and writing rows, as far as its text tells. */
export interface StatementEffects {
  /** Whether something may be committed before it has completed: procedures may commit, and COMMIT itself is complete only afterwards. */
  readonly mayCommit: boolean;
  /** Whether it calls what changes the session in the middle of a query: a lock that outlives its transaction, a setting. */
  readonly mayLeaveBehind: boolean;
  /** Whether what it sets ends with the transaction. */
  readonly isLocal: boolean;
}

export function effectsOf(text: string): StatementEffects {
  return {
    mayCommit: /^\s*(call|commit|do)\b/i.test(text),
    mayLeaveBehind: /pg_(try_)?advisory_lock|set_config/i.test(text),
    isLocal: /^\s*set\s+(local|transaction)\s/i.test(text),
  };
}

/** @param command first word of its command tag. */
export function mayAlterSession(command: string, { isLocal, mayLeaveBehind }: StatementEffects): boolean {
  return ALTERS_SESSION.has(command) ? !isLocal : mayLeaveBehind;
}

const ALTERS_SESSION: ReadonlySet<string> = new Set([
  'CALL',
  'CREATE',
  'DECLARE',
  'DISCARD',
  'DO',
  'LISTEN',
  'LOAD',
  'PREPARE',
  'RESET',
  'SET',
]);
