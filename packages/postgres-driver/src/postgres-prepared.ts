import type { Connection } from 'pg';

/** How often a connection must have met a statement before it prepares it. */
const PREPARED_FROM_USE = 3;

/** Most statements that one connection prepares; the server keeps each of them in memory. */
const MOST_PREPARED = 100;

/** Longest text that is prepared, in UTF-16 units; what is longer is a bulk statement, which hardly comes again. */
const LONGEST_TEXT = 8192;

/** Most statements whose uses are counted. */
const MOST_COUNTED = 1000;

/** The statements that one connection has prepared, or may be about to. */
export class PreparedStatements {
  readonly #connection: Connection;
  readonly #names = new Map<string, string>();
  readonly #uses = new Map<string, number>();
  #made = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Counts a use, and gives the name under which the statement is prepared; `undefined` while it is not worth it. */
  nameOf(text: string): string | undefined {
    if (text.length > LONGEST_TEXT) return undefined;
    const name = this.#names.get(text);
    if (name !== undefined || this.#names.size >= MOST_PREPARED) return name;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses < PREPARED_FROM_USE) {
      this.#count(text, uses);
      return undefined;
    }
    this.#uses.delete(text);
    this.#made += 1;
    const made = `sluice_${this.#made}`;
    this.#names.set(text, made);
    return made;
  }

  /** Forgets all of them, after the server did. Names are not used again. */
  forget(): void {
    this.#names.clear();
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
