import type { Connection, FieldDef } from 'pg';
import { effectsOf, type StatementEffects } from '../sql/statement-effects.js';

/** How often a connection must have met a statement before it prepares it. */
const PREPARED_FROM_USE = 3;

/** Most statements that one connection prepares; the server keeps each of them in memory. */
const MOST_PREPARED = 100;

/** Longest text that is prepared, in UTF-16 units; what is longer is a bulk statement, which hardly comes again. */
const LONGEST_TEXT = 8192;

/** Most statements whose uses are counted. */
const MOST_COUNTED = 1000;

/** A statement that a connection has prepared, or is about to. */
export interface PreparedStatement {
  readonly name: string;
  /** The columns of its result, once they are known; PostgreSQL refuses to run it when they have changed. */
  fields: readonly FieldDef[] | undefined;
  readonly effects: StatementEffects;
}

/** The statements that one connection has prepared, or may be about to. */
export class PreparedStatements {
  readonly #connection: Connection;
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #uses = new Map<string, number>();
  #made = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Counts a use, and gives what the statement is prepared as; `undefined` while it is not worth it. */
  use(text: string): PreparedStatement | undefined {
    if (text.length > LONGEST_TEXT) return undefined;
    const statement = this.#statements.get(text);
    if (statement !== undefined || this.#statements.size >= MOST_PREPARED) return statement;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses < PREPARED_FROM_USE) {
      this.#count(text, uses);
      return undefined;
    }
    this.#uses.delete(text);
    this.#made += 1;
    const made: PreparedStatement = {
      name: `sluice_${this.#made}`,
      fields: undefined,
      effects: effectsOf(text),
    };
    this.#statements.set(text, made);
    return made;
  }

  /** Forgets all of them, after the server did. Names are not used again. */
  forget(): void {
    this.#statements.clear();
    (this.#connection as PreparingConnection).parsedStatements = {};
  }

  #count(text: string, uses: number): void {
    if (this.#uses.size >= MOST_COUNTED) this.#uses.clear();
    this.#uses.set(text, uses);
  }
}

/** A part of pg's Connection that its types leave out: what it believes to be prepared. */
interface PreparingConnection extends Connection {
  parsedStatements: Readonly<Record<string, string>>;
}
