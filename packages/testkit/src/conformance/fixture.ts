import type { Storage } from '@sluice/core';
import { afterAll, afterEach, beforeEach } from 'vitest';
import type { ConformanceOpenOptions, ConformanceTarget } from './conformance-target.js';
import { CASE_TIMEOUT_MS, Patience } from './patience.js';
import { type SuiteDatabase, type SuiteStorage, TABLES_CHILDREN_FIRST } from './schema/suite-database.js';
import { suiteMigrations } from './schema/suite-migrations.js';

/** What the cases of one contract number work with. */
export interface Fixture {
  /** A storage on the suite's tables, empty at the beginning of each case. */
  readonly storage: SuiteStorage;
  /** Another storage on the same database; it is closed after the case. */
  another(options?: ConformanceOpenOptions): Promise<SuiteStorage>;
  /** A storage on a new, empty database, which is the case's alone; `name` opens the same one again. */
  apart<DB>(options?: ConformanceOpenOptions, name?: string): Promise<Storage<DB>>;
  /** A storage on a new database with the suite's tables. */
  migrated(options?: ConformanceOpenOptions, name?: string): Promise<SuiteStorage>;
  /** A name no database has yet. */
  newName(): string;
}

export { CASE_TIMEOUT_MS } from './patience.js';

let databases = 0;

/** Gives the cases of the current `describe` a migrated database, emptied before each; after a failed case, another one. */
export function useFixture(target: ConformanceTarget): Fixture {
  const fixture = new DatabaseFixture(target);
  beforeEach(() => fixture.prepare(), CASE_TIMEOUT_MS);
  afterEach(({ task }) => {
    if (ranLate(task.result?.errors)) Patience.of(target).countLateCase();
    return fixture.tidy(task.result?.state === 'fail');
  }, CASE_TIMEOUT_MS);
  afterAll(() => fixture.end(), CASE_TIMEOUT_MS);
  return fixture;
}

/** Vitest tells a case that ran into its deadline by its message alone. */
function ranLate(errors: readonly { readonly message: string }[] | undefined): boolean {
  return errors?.some(({ message }) => message.startsWith('Test timed out in')) === true;
}

class DatabaseFixture implements Fixture {
  readonly #target: ConformanceTarget;
  readonly #patience: Patience;
  readonly #names = new Set<string>();
  readonly #extra: Storage<unknown>[] = [];
  #main: { readonly storage: SuiteStorage; readonly name: string } | undefined;

  constructor(target: ConformanceTarget) {
    this.#target = target;
    this.#patience = Patience.of(target);
  }

  get storage(): SuiteStorage {
    if (this.#main === undefined) throw new Error('The fixture is ready inside a case only.');
    return this.#main.storage;
  }

  async another(options: ConformanceOpenOptions = {}): Promise<SuiteStorage> {
    if (this.#main === undefined) throw new Error('The fixture is ready inside a case only.');
    return this.#open<SuiteDatabase>(options, this.#main.name);
  }

  apart<DB>(options: ConformanceOpenOptions = {}, name: string = this.newName()): Promise<Storage<DB>> {
    return this.#open<DB>(options, name);
  }

  async migrated(options: ConformanceOpenOptions = {}, name: string = this.newName()): Promise<SuiteStorage> {
    const storage = await this.#open<SuiteDatabase>({ migrations: suiteMigrations, ...options }, name);
    await storage.migrator.up();
    return storage;
  }

  newName(): string {
    databases += 1;
    const name = `suite_${process.pid}_${databases}`;
    this.#names.add(name);
    return name;
  }

  async prepare(): Promise<void> {
    this.#patience.assertLeft();
    if (this.#main === undefined) {
      const name = this.newName();
      const storage = await this.#openInTime<SuiteDatabase>(name, { migrations: suiteMigrations });
      await storage.migrator.up();
      this.#main = { storage, name };
    }
    await emptyTables(this.#main.storage);
  }

  /** Closes what the case has opened; a case that failed may have left its storage in any state, so the next gets another. */
  async tidy(failed: boolean): Promise<void> {
    await closeAll(this.#extra.splice(0));
    if (!failed) return;
    const spoiled = this.#main;
    this.#main = undefined;
    // The case's own error is what is told.
    if (spoiled !== undefined) await closeAll([spoiled.storage]).catch(() => {});
  }

  async end(): Promise<void> {
    if (this.#main !== undefined) await closeAll([this.#main.storage]);
    this.#main = undefined;
    for (const name of this.#names) await this.#target.drop?.(name);
  }

  async #open<DB>(options: ConformanceOpenOptions, name: string): Promise<Storage<DB>> {
    const storage = await this.#openInTime<DB>(name, options);
    this.#extra.push(storage as Storage<unknown>);
    return storage;
  }

  async #openInTime<DB>(name: string, options: ConformanceOpenOptions): Promise<Storage<DB>> {
    const storage = await this.#patience.wait('open()', this.#target.open<DB>(name, options));
    PATIENCE.set(storage, this.#patience);
    return storage;
  }
}

/** Closes storages, all of them, and fails when one hangs. */
async function closeAll(storages: readonly Pick<Storage<unknown>, 'close'>[]): Promise<void> {
  const outcomes = await Promise.allSettled(storages.map((storage) => closeInTime(storage)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Closes a storage, and fails when that takes longer than a driver is given. */
export function closeInTime(storage: Pick<Storage<unknown>, 'close'>): Promise<void> {
  const patience = PATIENCE.get(storage);
  return patience === undefined ? storage.close() : patience.wait('close()', storage.close());
}

const PATIENCE = new WeakMap<object, Patience>();

/** Most cases use few of the tables, and to ask which is one statement. */
async function emptyTables(storage: SuiteStorage): Promise<void> {
  const isFilled = await storage.kysely
    .selectNoFrom(({ exists, selectFrom, lit }) =>
      TABLES_CHILDREN_FIRST.map((table) => exists(selectFrom(table).select(lit(1).as('one'))).as(table)),
    )
    .executeTakeFirstOrThrow();
  const filled = TABLES_CHILDREN_FIRST.filter((table) => isFilled[table]);
  if (filled.length === 0) return;
  await storage.write(async (tx) => {
    for (const table of filled) await tx.kysely.deleteFrom(table).execute();
  });
}
