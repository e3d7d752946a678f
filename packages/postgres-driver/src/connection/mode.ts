import type { IsolationLevel } from '@sluice/core';

/**
 * How a session runs the single statements it is sent next.
 *
 * A single statement that only reads needs one snapshot, and gets it as `read` does, by REPEATABLE READ, READ ONLY: SERIALIZABLE would leave
 * predicate locks behind that make writers fail, and would make the read fail itself. Being read-only guards the rule: a SELECT whose
 * function writes is refused before it wrote anything, and then made again as a write. Whatever is not known to read counts as a write.
 */
export type SessionMode = 'read' | 'write';

/** The modes of one session. */
export class SessionModes {
  readonly #isolation: IsolationLevel;
  readonly #isReadOnly: boolean;
  readonly #commands: Readonly<Record<SessionMode, string>> | undefined;

  /**
   * @param isolation of single statements. Below SERIALIZABLE there are no predicate locks, and one mode serves all.
   * @param isReadOnly whether server, role or database make transactions read-only.
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

  /** The BEGIN of a transaction in `mode`, where there is no session to be in one. */
  begin(mode: SessionMode): string {
    if (mode === 'read') return 'begin isolation level repeatable read read only';
    return `begin isolation level ${this.#isolation} read ${this.#isReadOnly ? 'only' : 'write'}`;
  }

  /** The command that brings a session from one mode into another; `undefined` where it is fit as it is. */
  change(from: SessionMode | undefined, to: SessionMode): string | undefined {
    return from === to ? undefined : this.#commands?.[to];
  }
}

const CHARACTERISTICS = 'set session characteristics as transaction isolation level';
