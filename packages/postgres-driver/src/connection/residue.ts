/**
 * What a statement may have left in its session, by what removes it. `nothing`; `state`: settings, locks, temporary objects, cursors, listeners, the
 * role; `statements`: also prepared statements; `code`: a library that was loaded, which nothing removes but the end of the session.
 */
export type Residue = 'code' | 'nothing' | 'state' | 'statements';

const ORDER: readonly Residue[] = ['nothing', 'state', 'statements', 'code'];

/** Both together. */
export function bothOf(left: Residue, right: Residue): Residue {
  return ORDER.indexOf(left) < ORDER.indexOf(right) ? right : left;
}

/**
 * What a statement with this command tag may have left beyond `state`. The functions of CALL and DO may have called others. After a change of the schema the
 * driver's own prepared statements must go: their parameters keep the types that the columns had before.
 */
const BY_COMMAND: Readonly<Record<string, Residue | undefined>> = {
  ALTER: 'statements',
  CALL: 'statements',
  CREATE: 'statements',
  DEALLOCATE: 'statements',
  DISCARD: 'statements',
  DO: 'statements',
  DROP: 'statements',
  IMPORT: 'statements',
  LOAD: 'code',
  PREPARE: 'statements',
};

/** What a statement of the application may have left. @param command the first word of its command tag; `undefined` if it did not complete. */
export function residueOf(command: string | undefined): Residue {
  return (command === undefined ? undefined : BY_COMMAND[command]) ?? 'state';
}

/** Whether a statement with this command tag may have changed which tables run code. */
export function mayChangeCode(command: string): boolean {
  return CHANGES_SCHEMA.has(command);
}

const CHANGES_SCHEMA: ReadonlySet<string> = new Set(['ALTER', 'CALL', 'CREATE', 'DO', 'DROP', 'IMPORT']);
