import type { Statement } from '@sluice/core';
import type { CatalogConnection } from '../schema/catalog-connection.js';
import { isFree, readTableCode, type TableCode } from '../schema/table-code.js';
import { type Touched, touchedBy } from '../sql/harmless-sql.js';

/** How long it is used what tables do, before it is read again, in milliseconds: so late a trigger that another process creates may be known. */
const KNOWN_MS = 10_000;

/** How many texts are remembered with what they touch. */
const MAX_TEXTS = 1000;

/** Knows which statements certainly leave nothing in the session of their connection. */
export class SessionUse {
  #code: TableCode | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  /** Counts the times that the code was forgotten, so that what was read before is not kept. */
  #epoch = 0;
  #isWanted = false;
  readonly #touched = new Map<string, Touched | undefined>();

  /** Whether what tables do must be read, or read again: a statement has asked for it. */
  get mustRead(): boolean {
    return this.#isWanted && performance.now() - this.#readAt > KNOWN_MS;
  }

  /** Forgets what tables do: the schema has changed. */
  forget(): void {
    this.#code = undefined;
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#epoch += 1;
  }

  /** Reads what tables do. When that fails, what was known before is used for as long again. */
  async read(connection: CatalogConnection): Promise<void> {
    const epoch = this.#epoch;
    this.#readAt = performance.now();
    this.#isWanted = false;
    const code = await readTableCode(connection);
    if (epoch === this.#epoch) this.#code = code;
  }

  /** Whether a statement certainly leaves nothing in the session. */
  keepsSession(statement: Statement): boolean {
    const touched = touchedByRows(statement) ?? this.#touchedBy(statement.sql);
    if (touched === undefined) return false;
    this.#isWanted = true;
    return this.#code !== undefined && isFree(this.#code, touched);
  }

  #touchedBy(text: string): Touched | undefined {
    const known = this.#touched.get(text);
    if (known !== undefined || this.#touched.has(text)) return known;
    const touched = touchedBy(text);
    if (this.#touched.size >= MAX_TEXTS) this.#touched.clear();
    this.#touched.set(text, touched);
    return touched;
  }
}

/** What a lookup or an insertion of rows touches, whose text may be long. */
function touchedByRows({ lookup, insertion }: Statement): Touched | undefined {
  const table = insertion?.table ?? lookup?.table;
  return table === undefined ? undefined : { names: new Set([table]), isWrite: insertion !== undefined };
}
