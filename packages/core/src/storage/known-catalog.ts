import { withinDeadline } from '../call/within-deadline.js';
import { type Catalog, findNamed, keepUnchanged, splitName } from '../catalog/catalog.js';
import type { CatalogQuestion, CatalogSource } from '../driver/catalog-source.js';
import type { CatalogOptions, Database, ExecuteOptions } from '../driver/driver.js';

/** How long an answer about a table stands for a call that it does not refuse, in milliseconds. */
const NEGATIVE_MS = 100;

/** How many tables are remembered as asked about. */
const MAX_ASKED = 1000;

/**
 * The tables of a database as last read. Other processes may change them at any time, so what the catalog denies is asked again: before a call
 * is refused, and at most once in {@link NEGATIVE_MS} for each table otherwise. And when the whole of it is doubted, it is checked before it is used.
 */
export class KnownCatalog implements CatalogSource {
  readonly #database: Pick<Database, 'catalog' | 'recheck'>;
  #tables: Catalog = new Map();
  /** How often the tables were doubted, and how many of these doubts were settled by a check that began after them. */
  #doubts = 0;
  #settled = 0;
  #suspectedAt = Number.NEGATIVE_INFINITY;
  /** Whether the tables were read inside a transaction, which may have changed them and may be rolled back. */
  #isUncommitted = false;
  /** When each table was last asked about without a change. */
  readonly #askedAt = new Map<string, number>();
  /** The checks outside transactions that are under way: of one table, or of all. */
  readonly #checks = new Map<string | undefined, Promise<void>>();

  constructor(database: Pick<Database, 'catalog' | 'recheck'>) {
    this.#database = database;
  }

  /** The tables as last read. */
  get tables(): Catalog {
    return this.#tables;
  }

  /** Whether {@link KnownCatalog.ask} must be called before the tables are used. */
  get isDoubted(): boolean {
    return this.#settled < this.#doubts;
  }

  /** Reads all tables. */
  async read(options: CatalogOptions = {}): Promise<Catalog> {
    const doubts = this.#doubts;
    this.#tables = await this.#database.catalog(options);
    this.#settled = Math.max(this.#settled, doubts);
    return this.#tables;
  }

  /** Reads all tables, and those of these names that belong to other schemas. */
  async readWith(names: readonly string[], options: ExecuteOptions): Promise<Catalog> {
    await this.read();
    for (const name of names) {
      const isQualified = splitName(name).schema !== undefined;
      if (isQualified && findNamed(this.#tables, name) === undefined) await this.#check(name, options);
    }
    return this.#tables;
  }

  /** Makes the next user check the tables: the schema may have been changed. */
  doubt(): void {
    this.#doubts += 1;
  }

  /** The same, after an error that a changed schema may explain. */
  suspect(): void {
    const now = performance.now();
    if (now - this.#suspectedAt < NEGATIVE_MS) return;
    this.#suspectedAt = now;
    this.#doubts += 1;
  }

  /** Call it at the end of every transaction. */
  transactionEnded(): void {
    if (!this.#isUncommitted) return;
    this.#isUncommitted = false;
    this.#doubts += 1;
  }

  /** Makes {@link KnownCatalog.tables} current as far as `table` is concerned. Does not ask the database when it has answered just before, unless for a denial. */
  async ask(table: string, question: CatalogQuestion): Promise<void> {
    const { answeredBy, isDenial = false, isProven, within, ...options } = question;
    if (!this.isDoubted) {
      if (answeredBy !== this.#tables) return;
      if (!isProven && !isDenial && this.#wasAsked(table)) return;
    }
    const what = this.isDoubted || isProven ? undefined : table;
    if (within !== undefined) {
      await this.#check(what, { ...options, within });
      this.#isUncommitted = true;
      return;
    }
    // Callers share a check, so none of them may end it.
    let check = this.#checks.get(what);
    if (check === undefined) {
      check = this.#check(what, {}).finally(() => this.#checks.delete(what));
      this.#checks.set(what, check);
    }
    await withinDeadline(check, options, 'nothing was executed');
  }

  async #check(table: string | undefined, options: CatalogOptions): Promise<void> {
    const known = this.#tables;
    const doubts = this.#doubts;
    const read = await this.#recheck(known, table, options);
    if (table === undefined) this.#settled = Math.max(this.#settled, doubts);
    else this.#noteAnswer(table, read !== known);
    this.#adopt(known, table, read);
  }

  async #recheck(known: Catalog, table: string | undefined, options: CatalogOptions): Promise<Catalog> {
    if (this.#database.recheck !== undefined) return this.#database.recheck(known, table, options);
    return keepUnchanged(known, await this.#database.catalog(options));
  }

  #adopt(known: Catalog, table: string | undefined, read: Catalog): void {
    if (read === known) return;
    if (table === undefined || this.#tables === known) {
      this.#tables = read;
      return;
    }
    // Another check has ended meanwhile, so `read` may be older than it for all other tables.
    const merged = new Map(this.#tables);
    const found = read.get(table);
    if (found === undefined) merged.delete(table);
    else merged.set(table, found);
    this.#tables = merged;
    this.#doubts += 1;
  }

  #wasAsked(table: string): boolean {
    return performance.now() - (this.#askedAt.get(table) ?? Number.NEGATIVE_INFINITY) < NEGATIVE_MS;
  }

  #noteAnswer(table: string, hasChanged: boolean): void {
    if (this.#askedAt.size >= MAX_ASKED) this.#askedAt.clear();
    if (hasChanged) this.#askedAt.delete(table);
    else this.#askedAt.set(table, performance.now());
  }
}
