import type { Kysely } from 'kysely';
import {
  type Migration,
  type MigrationInfo,
  type MigrationProvider,
  type MigrationResultSet,
  Migrator,
} from 'kysely/migration';
import { type CallOptions, toExecuteOptions } from '../call/call-options.js';
import type { ExecuteOptions } from '../driver/driver.js';
import { ConstraintError } from '../errors/data-errors.js';
import { ConfigurationError, MigrationError, UsageError } from '../errors/usage-errors.js';
import { FolderMigrationProvider } from './folder-migration-provider.js';
import { MigrationChecksums } from './migration-checksums.js';
import { type MigrationState, type ReadRecords, readRecordedState } from './recorded-state.js';

/** One migration that was applied or undone. */
export interface MigrationStep {
  readonly name: string;
  readonly direction: 'up' | 'down';
}

/** The status of one migration. */
export interface MigrationStatus {
  readonly name: string;
  /** When it was applied; `undefined` while it is pending. */
  readonly appliedAt: Date | undefined;
}

/** The statements that a migration would execute. */
export interface MigrationPlan {
  readonly name: string;
  /** The statements in order, with placeholders for parameters. */
  readonly sql: readonly string[];
}

/** The options of a {@link StorageMigrator}. */
export interface StorageMigratorOptions {
  readonly migrations: URL | MigrationProvider | undefined;
  /** Runs `work` in a schema-changing transaction, of which only one runs at a time among all processes. Calls `onStatement` for each statement. */
  readonly run: <T>(
    work: (kysely: Kysely<unknown>) => Promise<T>,
    options: ExecuteOptions,
    onStatement?: (sql: string) => void,
  ) => Promise<T>;
  /** Reads a table of the migrations outside of a transaction. */
  readonly readRecords: (options: ExecuteOptions) => ReadRecords;
  /** Reads the catalog again, which another process may have migrated since. */
  readonly refresh: () => Promise<unknown>;
  /**
   * Called before the first step of a call, inside its transaction, with the migrations that can be taken in its direction, the next one first.
   * Returns the path of the backup that it wrote, if it did.
   */
  readonly onFirstStep: (steps: readonly string[], options: ExecuteOptions) => Promise<string | undefined>;
  /** Called after the commit of each step. */
  readonly onStep: (step: MigrationStep) => void;
}

/** Long, because a migration of a large table takes long and processes wait for each other. */
const DEFAULT_TIMEOUT_MS = 3_600_000;

/**
 * Applies and undoes migrations (contract C13), in the order of their names. Each migration runs in a transaction of its own, together with the
 * record that it is applied, so that a migration that fails leaves the schema as it was. When several processes start together, each migration
 * still runs once. A migration that was edited after it was applied is refused.
 *
 * Each method takes a `signal` and a `timeoutMs` (default one hour) for the whole call. When one of them ends the call, the running step is rolled
 * back, the steps before it stay, and the call rejects with an AbortedError or TimeoutError.
 */
export class StorageMigrator {
  readonly #options: StorageMigratorOptions;
  readonly #provider: MigrationProvider | undefined;

  constructor(options: StorageMigratorOptions) {
    this.#options = options;
    const { migrations } = options;
    this.#provider = migrations instanceof URL ? new FolderMigrationProvider(migrations) : migrations;
  }

  /** Applies every pending migration and returns the steps. When none is pending, it only reads. @throws MigrationError when one fails; those before it stay applied. */
  up(options?: CallOptions): Promise<MigrationStep[]> {
    return this.#walk(({ pending }) => (pending.length > 0 ? 'up' : undefined), options);
  }

  /** Undoes the last applied migration and returns the step; an empty list when none is applied. @throws MigrationError. */
  down(options?: CallOptions): Promise<MigrationStep[]> {
    return this.#walk(
      ({ applied }, steps) => (applied.length > 0 && steps === 0 ? 'down' : undefined),
      options,
    );
  }

  /** Applies or undoes migrations until `name` is the last applied one; `null` undoes all. @throws UsageError when `name` is unknown; MigrationError. */
  to(name: string | null, options?: CallOptions): Promise<MigrationStep[]> {
    return this.#walk(({ applied, pending }) => {
      if (name === null) return applied.length > 0 ? 'down' : undefined;
      if (applied.at(-1) === name) return undefined;
      if (applied.includes(name)) return 'down';
      if (pending.includes(name)) return 'up';
      const known = [...applied, ...pending].join(', ');
      throw new UsageError('invalid_query', `There is no migration "${name}". There are: ${known}.`);
    }, options);
  }

  /** Returns every migration in order, applied or pending. Waits for a migration that runs in another process. */
  async status(options?: CallOptions): Promise<MigrationStatus[]> {
    const execute = toMigrationOptions(options);
    const migrations = await this.#migrations();
    return this.#options.run(async (kysely) => {
      const infos = await migratorOf(kysely, migrations).getMigrations();
      return infos.map(({ name, executedAt }) => ({ name, appliedAt: executedAt }));
    }, execute);
  }

  /** Returns what `up` would execute now. It really runs the pending migrations, in one transaction, and rolls that back. @throws MigrationError. */
  async dryRun(options?: CallOptions): Promise<MigrationPlan[]> {
    const execute = toMigrationOptions(options);
    const plans: { name: string; sql: string[] }[] = [];
    let current: string[] | undefined;
    const watched = mapMigrations(await this.#migrations(), (name, migration) => ({
      ...migration,
      up: async (kysely: Kysely<unknown>) => {
        current = [];
        plans.push({ name, sql: current });
        await migration.up(kysely);
        current = undefined;
      },
    }));
    const undone = new DryRunRollback();
    const run = this.#options.run(
      async (kysely) => {
        plans.length = 0;
        assertTaken(await migratorOf(kysely, watched).migrateToLatest());
        throw undone;
      },
      execute,
      (sql) => current?.push(sql),
    );
    await run.catch((error: unknown) => {
      if (error !== undone) throw error;
    });
    return plans;
  }

  /** Accepts every applied migration as it is now. For edits that do not change what a migration does. */
  async repair(options?: CallOptions): Promise<void> {
    const execute = toMigrationOptions(options);
    const migrations = await this.#migrations();
    await this.#options.run(async (kysely) => {
      const { applied } = stateOf(await migratorOf(kysely, migrations).getMigrations());
      await new MigrationChecksums(kysely, migrations).record(applied, true);
    }, execute);
  }

  /** Takes steps, each in a transaction of its own, until `next` returns `undefined`. */
  async #walk(
    next: (state: MigrationState, steps: number) => Direction | undefined,
    options: CallOptions | undefined,
  ): Promise<MigrationStep[]> {
    const execute = toMigrationOptions(options);
    const migrations = await this.#migrations();
    const steps: MigrationStep[] = [];
    // What keeps the records from being read is reported by the first step.
    const recorded = await readRecordedState(migrations, this.#options.readRecords(execute)).catch(() => {});
    if (recorded !== undefined && next(recorded, 0) === undefined) {
      await this.#options.refresh();
      return steps;
    }
    let isPrepared = false;
    let backup: string | undefined;
    const prepare = async (names: readonly string[]): Promise<void> => {
      if (!isPrepared) backup = await this.#options.onFirstStep(names, execute);
      isPrepared = true;
    };
    for (;;) {
      const decide = (state: MigrationState): Direction | undefined => next(state, steps.length);
      const take = (kysely: Kysely<unknown>): Promise<MigrationStep | undefined> =>
        takeStep(kysely, migrations, decide, prepare);
      const step = await this.#commit(take, execute).catch((error: unknown) => {
        throw tellBackup(error, backup);
      });
      if (step === undefined) return steps;
      steps.push(step);
      this.#options.onStep(step);
    }
  }

  /** Runs one step. Foreign keys and lost rows are checked at COMMIT, after the migration itself has succeeded: then the error names the migration. */
  async #commit(
    take: (kysely: Kysely<unknown>) => Promise<MigrationStep | undefined>,
    execute: ExecuteOptions,
  ): Promise<MigrationStep | undefined> {
    let taken: MigrationStep | undefined;
    const run = this.#options.run(async (kysely) => {
      taken = undefined;
      taken = await take(kysely);
      return taken;
    }, execute);
    return run.catch((error: unknown) => {
      const isOfMigration = error instanceof ConstraintError || error instanceof MigrationError;
      throw isOfMigration && taken !== undefined ? failure(error, taken.name) : error;
    });
  }

  async #migrations(): Promise<Record<string, Migration>> {
    if (this.#provider !== undefined) return this.#provider.getMigrations();
    throw new ConfigurationError('invalid_configuration', 'The storage was opened without `migrations`.');
  }
}

type Direction = 'up' | 'down';

/** Thrown to roll back the transaction of a dry run. */
class DryRunRollback extends Error {}

function toMigrationOptions(options: CallOptions = {}): ExecuteOptions {
  return toExecuteOptions(options, DEFAULT_TIMEOUT_MS, 'migrate');
}

async function takeStep(
  kysely: Kysely<unknown>,
  migrations: Record<string, Migration>,
  next: (state: MigrationState) => Direction | undefined,
  prepare: (names: readonly string[]) => Promise<void>,
): Promise<MigrationStep | undefined> {
  const migrator = migratorOf(kysely, migrations);
  const checksums = new MigrationChecksums(kysely, migrations);
  await checksums.verify();
  const before = stateOf(await migrator.getMigrations());
  const direction = next(before);
  if (direction === undefined) return undefined;
  await prepare(direction === 'up' ? before.pending : before.applied.toReversed());
  const name = assertTaken(
    direction === 'up' ? await migrator.migrateUp() : await migrator.migrateDown(),
    direction,
  );
  await checksums.record(stateOf(await migrator.getMigrations()).applied, false);
  return { name, direction };
}

function migratorOf(kysely: Kysely<unknown>, migrations: Record<string, Migration>): Migrator {
  return new Migrator({ db: kysely, provider: { getMigrations: async () => migrations } });
}

function mapMigrations(
  migrations: Record<string, Migration>,
  map: (name: string, migration: Migration) => Migration,
): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(migrations).map(([name, migration]) => [name, map(name, migration)]),
  );
}

function stateOf(infos: readonly MigrationInfo[]): MigrationState {
  const names = (isApplied: boolean): string[] =>
    infos.filter(({ executedAt }) => (executedAt !== undefined) === isApplied).map(({ name }) => name);
  return { applied: names(true), pending: names(false) };
}

/** The name of the last migration that was applied or undone. @throws MigrationError when one failed, or has no function for `direction`. */
function assertTaken({ error, results = [] }: MigrationResultSet, direction: Direction = 'up'): string {
  const failed = results.find(({ status }) => status === 'Error')?.migrationName;
  if (error !== undefined) throw failure(error, failed);
  const skipped = results.find(({ status }) => status !== 'Success')?.migrationName;
  if (skipped !== undefined) {
    const message = `The migration "${skipped}" has no function \`${direction}\`, so it cannot be taken.`;
    throw new MigrationError(message, { migration: skipped });
  }
  return results.at(-1)?.migrationName ?? '';
}

/** Adds to a failed migration where the database is as it was before the call. */
function tellBackup(error: unknown, backup: string | undefined): unknown {
  if (!(error instanceof MigrationError) || backup === undefined) return error;
  const { cause, migration } = error;
  const message = `${error.message} A copy of the database from before is in "${backup}".`;
  return new MigrationError(message, { cause, migration, backup });
}

function failure(cause: unknown, name: string | undefined): MigrationError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message =
    name === undefined
      ? `The migrations cannot be run: ${why}`
      : `The migration "${name}" failed and was undone: ${why}`;
  return new MigrationError(message, { cause, migration: name });
}
