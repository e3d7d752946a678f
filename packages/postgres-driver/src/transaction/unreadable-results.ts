import { UnreadableResultError, ValueError } from '@sluice/core';
import type { RawResult } from '../values/raw-result.js';
import { decodeRows } from '../values/rows.js';
import { commitOpen, endOptions, rollBackOpen } from './end-transaction.js';
import type { Sender } from './send-statement.js';

/** How many statements are remembered, and of how many characters. A longer one counts as unknown each time. */
const MAX_TEXTS = 1000;
const MAX_CHARACTERS = 4000;

/** Writes that may return rows. */
const RETURNS_ROWS = /^\s*(?:delete|insert|merge|update|with)\b[\s\S]*\breturning\b/i;

/**
 * Decides when the rows of a single write are decoded. Before the COMMIT, nothing is stored when a value is refused, but the COMMIT costs a round trip. That is
 * paid by writes that have not run yet, or have returned such a value before. The rows of all others are decoded after the COMMIT; if one is refused then, the error says that the write is stored.
 */
export class UnreadableResults {
  readonly #mayRefuse = new Map<string, boolean>();

  /** Whether the rows of the statement should be decoded before the COMMIT. */
  areExpected(text: string): boolean {
    return this.#mayRefuse.get(text) ?? RETURNS_ROWS.test(text);
  }

  /** Sends a write in a transaction, decodes its rows, and commits. */
  decodedFirst(send: Sender, text: string): Sender {
    return async (connection, { mode: _, ...options }) => {
      try {
        const result = await send(connection, { ...options, begin: connection.beginOf('write') });
        this.#check(text, result);
        await commitOpen(connection, endOptions(options));
        return result;
      } catch (error) {
        await rollBackOpen(connection, endOptions(options));
        throw error;
      }
    };
  }

  /** Decodes the rows of a single write. @throws UnreadableResultError when a value is refused: the write is committed. */
  decodeCommitted<T>(
    text: string,
    { command }: Pick<RawResult, 'command'>,
    operation: string | undefined,
    decode: () => T,
  ): T {
    try {
      return decode();
    } catch (cause) {
      this.#note(text, true);
      throw WRITES.has(command) ? unreadableError(cause, operation) : cause;
    }
  }

  /** @throws ValueError that says that nothing was stored. */
  #check(text: string, result: RawResult): void {
    try {
      decodeRows(result, 'portable');
      if (!this.#mayRefuse.has(text)) this.#note(text, false);
    } catch (error) {
      this.#note(text, true);
      throw error instanceof ValueError ? refusedError(error) : error;
    }
  }

  #note(text: string, mayBeRefused: boolean): void {
    if (text.length > MAX_CHARACTERS) return;
    if (this.#mayRefuse.size >= MAX_TEXTS) this.#mayRefuse.clear();
    this.#mayRefuse.set(text, mayBeRefused);
  }
}

/** The error of a write that is committed, and whose rows are refused with `cause`. */
function unreadableError(cause: unknown, operation: string | undefined): UnreadableResultError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The write is committed, but a row that it returned cannot be read. ${reason}`;
  return new UnreadableResultError(message, { cause, operation });
}

/** The commands after whose COMMIT something may be stored. A SELECT is taken for a read, although a function that it calls may write. */
const WRITES: ReadonlySet<string> = new Set(['CALL', 'DELETE', 'INSERT', 'MERGE', 'UPDATE']);

function refusedError({ message, table, column }: ValueError): ValueError {
  return new ValueError(`${message} Nothing was stored.`, { table, column });
}
