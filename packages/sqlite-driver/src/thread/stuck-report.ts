import type { DatabaseWarning } from '@sluice/core';
import { withoutLiterals } from './suspects.js';

/** How much of a statement's text a warning shows. */
const SHOWN_LENGTH = 200;

/** A statement that was cut off and does not return from SQLite. */
export interface StuckStatement {
  /** The label of its caller. */
  readonly label: string | undefined;
  /** Its text; `undefined` for a COMMIT. */
  readonly sql: string | undefined;
}

/** The warning of a stuck thread. */
export function stuckWarning(role: 'reader' | 'writer', { label, sql }: StuckStatement): DatabaseWarning {
  const statement = sql === undefined ? undefined : withoutLiterals(sql).slice(0, SHOWN_LENGTH);
  const what = `A statement of "${label ?? 'without a label'}" was cut off and does not return from SQLite`;
  const effect =
    role === 'writer'
      ? 'It holds the write lock of the file, so no process can write to it.'
      : 'It uses a core of the machine, and the write-ahead log cannot start over.';
  return {
    code: `${role}_stuck`,
    message: `${what}: ${statement ?? 'a COMMIT'}. ${effect} It ends when SQLite returns, or with this process.`,
    details: { label, statement },
  };
}

/** The warning of a database that was closed while threads were stuck. */
export function closedStuckWarning(readers: number, isWriterStuck: boolean): DatabaseWarning {
  const writers = isWriterStuck ? 1 : 0;
  return {
    code: 'closed_while_stuck',
    message: `The database was closed while ${readers + writers} of its threads did not return from SQLite. Their connections, their locks and the write-ahead log stay until this process ends. Nothing that was acknowledged is lost.`,
    details: { readers, writers },
  };
}
