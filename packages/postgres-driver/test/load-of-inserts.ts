import { openStorage, SluiceError, type Storage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sql } from 'kysely';
import { expect } from 'vitest';

interface DB {
  entry: { id: number };
}

/** The errors that say that nothing was executed. */
const EXPECTED = ['connection_failed', 'connection_lost', 'read_only', 'timeout'];

/** Callers that insert row after row, singly and in transactions, and know what became of each. */
export class LoadOfInserts implements AsyncDisposable {
  readonly storage: Storage<DB>;
  readonly acknowledged: Set<number> = new Set();
  /** The code of the error by which each row was refused. */
  readonly refused: Map<number, string> = new Map();
  readonly #callers: readonly Promise<void>[];
  #next = 0;
  #isRunning = true;

  private constructor(storage: Storage<DB>) {
    this.storage = storage;
    this.#callers = Array.from({ length: 12 }, () => this.#call());
  }

  static async on(url: string): Promise<LoadOfInserts> {
    const storage = await openStorage<DB>({
      url,
      drivers: [postgres({ poolSize: 8 })],
      timeoutMs: 5_000,
    });
    await sql`create table entry (id integer primary key)`.execute(storage.kysely);
    return new LoadOfInserts(storage);
  }

  /** Resolves once so many more rows are acknowledged. */
  async more(rows: number): Promise<void> {
    const before = this.acknowledged.size;
    await expect.poll(() => this.acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(before + rows);
  }

  /** How many milliseconds pass until a row is acknowledged of those whose insertion begins from now on. */
  async next(): Promise<number> {
    const since = performance.now();
    const from = this.#next;
    await expect
      .poll(() => [...this.acknowledged].some((id) => id >= from), { timeout: 60_000, interval: 10 })
      .toBe(true);
    return performance.now() - since;
  }

  /** Ends the load, and expects every row that was acknowledged to be there, and none that was refused. */
  async expectNothingLost(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#callers);
    const stored = new Set(
      (await this.storage.repository('entry', { key: 'id' }).find()).map(({ id }) => id),
    );
    expect([...this.acknowledged].filter((id) => !stored.has(id))).toEqual([]);
    const told = [...this.refused].filter(([, code]) => code !== 'commit_unknown');
    expect(told.filter(([id]) => stored.has(id))).toEqual([]);
    const codes = new Set(told.map(([, code]) => code));
    expect([...codes].filter((code) => !EXPECTED.includes(code))).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#callers);
    await this.storage.close();
  }

  async #call(): Promise<void> {
    while (this.#isRunning) {
      const id = this.#next++;
      await this.#insert(id).then(
        () => this.acknowledged.add(id),
        (error: unknown) => this.refused.set(id, error instanceof SluiceError ? error.code : String(error)),
      );
    }
  }

  #insert(id: number): Promise<unknown> {
    if (id % 2 === 0) return this.storage.repository('entry', { key: 'id' }).insert({ id });
    return this.storage.write((tx) => tx.repository('entry', { key: 'id' }).insert({ id }));
  }
}
