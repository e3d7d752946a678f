/** What a statement may do besides reading and writing rows, judged by its text. */
export interface StatementEffects {
  /** Whether it may commit before the server reports its completion: procedures may commit, and COMMIT is reported after it has taken effect. */
  readonly mayCommit: boolean;
  /** Whether it calls a function that changes the session: one that takes a session-level advisory lock, or changes a setting. */
  readonly mayCallSessionFunction: boolean;
  /** Whether it is a SET whose effect ends with the transaction. */
  readonly isLocal: boolean;
}

/** Finds the effects of a statement from its text. */
export function effectsOf(text: string): StatementEffects {
  return {
    mayCommit: /^\s*(call|commit|do)\b/i.test(text),
    mayCallSessionFunction: /pg_(try_)?advisory_lock|set_config/i.test(text),
    isLocal: /^\s*set\s+(local|transaction)\s/i.test(text),
  };
}

/** Whether a completed statement may have changed the session. @param command the first word of its command tag. */
export function mayAlterSession(
  command: string,
  { isLocal, mayCallSessionFunction }: StatementEffects,
): boolean {
  return ALTERS_SESSION.has(command) ? !isLocal : mayCallSessionFunction;
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
