import type { IsolationLevel } from '@sluice/core';

/**
 * The mode in which a session runs single statements, those outside a transaction block.
 *
 * A single statement that only reads needs one snapshot. It runs, like a `read` transaction, at REPEATABLE READ, READ ONLY: at SERIALIZABLE its
 * predicate locks could make writers fail, and it could fail itself. READ ONLY enforces the classification: a SELECT whose function writes is
 * refused before it has written anything, and then run again as a write. A statement that is not known to be a read counts as a write.
 */
export type SessionMode = 'read' | 'write';

/** The commands that switch one session between its modes. */
export class SessionModes {
  readonly #isolation: IsolationLevel;
  readonly #isReadOnly: boolean;
  readonly #commands: Readonly<Record<SessionMode, string>> | undefined;

  /**
   * @param isolation level of single statements. Below SERIALIZABLE there are no predicate locks, and no mode needs a command.
   * @param isReadOnly whether the server, the role or the database makes transactions read-only by default.
   */
  constructor(isolation: IsolationLevel, isReadOnly: boolean) {
    this.#isolation = isolation;
    this.#isReadOnly = isReadOnly;
    if (isolation !== 'serializable') return;
    this.#commands = {
      read: `${CHARACTERISTICS} repeatable read, read only`,
      write: `${CHARACTERISTICS} serializable, read ${isReadOnly ? 'only' : 'write'}`,
    };
  }

  /** The BEGIN of a transaction in `mode`, whatever the session's mode is. Behind a pooler the session has none. */
  begin(mode: SessionMode): string {
    if (mode === 'read') return 'begin isolation level repeatable read read only';
    return `begin isolation level ${this.#isolation} read ${this.#isReadOnly ? 'only' : 'write'}`;
  }

  /** The command that switches a session from one mode to another; `undefined` where none is needed. */
  change(from: SessionMode | undefined, to: SessionMode): string | undefined {
    return from === to ? undefined : this.#commands?.[to];
  }
}

const CHARACTERISTICS = 'set session characteristics as transaction isolation level';
