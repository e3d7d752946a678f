import { hash } from 'node:crypto';
import type { Connection, FieldDef } from 'pg';
import { effectsOf, type StatementEffects } from '../sql/statement-effects.js';

/** The use of a text, counted from 1, at which a connection prepares it. */
const PREPARED_FROM_USE = 3;

/** The maximum number of prepared statements of one connection; the server keeps each of them in memory. */
const MAX_PREPARED = 100;

/** The maximum length of a prepared text, in UTF-16 code units. Longer texts are bulk statements, which rarely repeat. */
const MAX_TEXT_LENGTH = 8192;

/** The maximum number of texts whose uses are counted. */
const MAX_COUNTED = 1000;

/** A statement that a connection has prepared, or prepares with its next use. */
export interface PreparedStatement {
  readonly name: string;
  /** The columns of its result, once they are known. When they have changed, PostgreSQL refuses to run the statement. */
  fields: readonly FieldDef[] | undefined;
  readonly effects: StatementEffects;
}

/** The prepared statements of one connection, and the counts of uses that decide what is prepared. */
export class PreparedStatements {
  readonly #connection: Connection;
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #uses = new Map<string, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Counts a use of a text. Returns its prepared statement; `undefined` while it is not used often enough. */
  use(text: string): PreparedStatement | undefined {
    if (text.length > MAX_TEXT_LENGTH) return undefined;
    const statement = this.#statements.get(text);
    if (statement !== undefined || this.#statements.size >= MAX_PREPARED) return statement;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses < PREPARED_FROM_USE) {
      this.#count(text, uses);
      return undefined;
    }
    this.#uses.delete(text);
    const made: PreparedStatement = {
      name: nameOf(text),
      fields: undefined,
      effects: effectsOf(text),
    };
    this.#statements.set(text, made);
    return made;
  }

  /** Forgets all prepared statements, after the server has discarded them. */
  forget(): void {
    this.#statements.clear();
    (this.#connection as PreparingConnection).parsedStatements = {};
  }

  #count(text: string, uses: number): void {
    if (this.#uses.size >= MAX_COUNTED) this.#uses.clear();
    this.#uses.set(text, uses);
  }
}

/**
 * The name under which a text is prepared. It follows from the text alone, so that a session that several clients share behind a pooler never runs
 * another statement than the one that was meant. No types are declared for parameters, so texts that are equal are the same statement.
 */
export function nameOf(text: string): string {
  return `sluice_${hash('sha256', text, 'hex').slice(0, NAME_DIGITS)}`;
}

/** 160 bits. PostgreSQL cuts names after 63 bytes. */
const NAME_DIGITS = 40;

/** A member of pg's Connection that its types omit: the texts that pg has recorded as prepared. */
interface PreparingConnection extends Connection {
  parsedStatements: Readonly<Record<string, string>>;
}
