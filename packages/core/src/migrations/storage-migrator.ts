import type { Kysely } from 'kysely';
import { type Migration, type MigrationInfo, type MigrationResultSet, Migrator } from 'kysely/migration';
import type { CallOptions } from '../call/call-options.js';
import type { ExecuteOptions } from '../driver/driver.js';
import { ConstraintError } from '../errors/data-errors.js';
import { ConfigurationError, MigrationError, UsageError } from '../errors/usage-errors.js';
import {
  type MigrateOptions,
  type SchemaChange,
  toSchemaChange,
  toSchemaChanges,
} from './migrate-options.js';
import { MigrationChecksums } from './migration-checksums.js';
import { type Direction, failedOutside, failure, tellBackup } from './migration-failure.js';
import { type MigrationSource, MigrationSources } from './migration-sources.js';
import { type MigrationState, type ReadRecords, readRecordedState } from './recorded-state.js';
import {
  assertMigrations,
  type MigrationContext,
  type StorageMigration,
  type StorageMigrationProvider,
} from './storage-migration.js';

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
  readonly migrations: MigrationSource | readonly MigrationSource[] | undefined;
  readonly context: MigrationContext;
  /** Runs `work` in a schema-changing transaction, of which only one runs at a time among all processes. Calls `onStatement` for each statement. */
  readonly run: <T>(
    work: (kysely: Kysely<unknown>) => Promise<T>,
    change: SchemaChange,
    onStatement?: (sql: string) => void,
  ) => Promise<T>;
  /** Runs `work` once, with each statement committed by itself, while no other schema change runs. `undefined` where a transaction is never in the way. */
  readonly runOutside:
    | (<T>(work: (kysely: Kysely<unknown>) => Promise<T>, change: SchemaChange) => Promise<T>)
    | undefined;
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

/**
 * Applies and undoes migrations (contract C13), in the order of their names. Each migration runs in a transaction of its own, together with the
 * record that it is applied, so that a migration that fails leaves the schema as it was. When several processes start together, each migration
 * still runs once. A migration that was edited after it was applied is refused.
 *
 * A migration with `transaction: false` runs without one where the engine needs that. When it fails, what it did before stays, and the record is as it was
 * before: the MigrationError says so (`isUndone: false`).
 *
 * Each method takes a `signal` and a `timeoutMs` (default one hour) for the whole call. When one of them ends the call, the running step is rolled
 * back, the steps before it stay, and the call rejects with an AbortedError or TimeoutError. A step without a transaction cannot be rolled back; the message
 * says so.
 */
export class StorageMigrator {
  readonly #options: StorageMigratorOptions;
  readonly #provider: StorageMigrationProvider | undefined;

  constructor(options: StorageMigratorOptions) {
    this.#options = options;
    const { migrations } = options;
    this.#provider = migrations === undefined ? undefined : new MigrationSources(migrations);
  }

  /** Applies every pending migration and returns the steps. When none is pending, it only reads. @throws MigrationError when one fails; those before it stay applied. */
  up(options?: MigrateOptions): Promise<MigrationStep[]> {
    return this.#walk(({ pending }) => (pending.length > 0 ? 'up' : undefined), options);
  }

  /** Undoes the last applied migration and returns the step; an empty list when none is applied. @throws MigrationError. */
  down(options?: MigrateOptions): Promise<MigrationStep[]> {
    return this.#walk(
      ({ applied }, steps) => (applied.length > 0 && steps === 0 ? 'down' : undefined),
      options,
    );
  }

  /** Applies or undoes migrations until `name` is the last applied one; `null` undoes all. @throws UsageError when `name` is unknown; MigrationError. */
  to(name: string | null, options?: MigrateOptions): Promise<MigrationStep[]> {
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
    const change = toSchemaChange(options);
    const migrations = await this.#migrations();
    return this.#options.run(async (kysely) => {
      const infos = await this.#migratorOf(kysely, migrations).getMigrations();
      return infos.map(({ name, executedAt }) => ({ name, appliedAt: executedAt }));
    }, change);
  }

  /**
   * Returns what `up` would execute now. It really runs the pending migrations, in one transaction, and rolls that back.
   *
   * @throws MigrationError when one fails, and, before it runs, for one that cannot be in a transaction.
   */
  async dryRun(options?: MigrateOptions): Promise<MigrationPlan[]> {
    const { inTransaction } = toSchemaChanges(options);
    const plans: { name: string; sql: string[] }[] = [];
    let current: string[] | undefined;
    const watched = mapMigrations(await this.#migrations(), (name, migration) => ({
      ...migration,
      up: async (kysely, context) => {
        this.#assertCanBeUndone(name, migration);
        current = [];
        plans.push({ name, sql: current });
        await migration.up(kysely, context);
        current = undefined;
      },
    }));
    const undone = new DryRunRollback();
    const run = this.#options.run(
      async (kysely) => {
        plans.length = 0;
        assertTaken(await this.#migratorOf(kysely, watched).migrateToLatest());
        throw undone;
      },
      inTransaction,
      (sql) => current?.push(sql),
    );
    await run.catch((error: unknown) => {
      if (error !== undone) throw error;
    });
    return plans;
  }

  /** Accepts every applied migration as it is now. For edits that do not change what a migration does. */
  async repair(options?: CallOptions): Promise<void> {
    const change = toSchemaChange(options);
    const migrations = await this.#migrations();
    await this.#options.run(async (kysely) => {
      const { applied } = stateOf(await this.#migratorOf(kysely, migrations).getMigrations());
      await new MigrationChecksums(kysely, migrations).record(applied, true);
    }, change);
  }

  /** Takes steps until `next` returns `undefined`: each in a transaction of its own, or outside of one. */
  async #walk(
    next: (state: MigrationState, steps: number) => Direction | undefined,
    options: MigrateOptions | undefined,
  ): Promise<MigrationStep[]> {
    const changes = toSchemaChanges(options);
    const { execute } = changes.inTransaction;
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
    let isOutside = false;
    for (;;) {
      const plan: StepPlan = {
        migrations,
        migratorOf: (kysely) => this.#migratorOf(kysely, migrations),
        next: (state) => next(state, steps.length),
        suits: (migration) => this.#runsOutside(migration) === isOutside,
        prepare,
      };
      const taken: Promise<TakenStep> = isOutside
        ? this.#takeOutside(plan, changes.outside)
        : this.#takeInTransaction(plan, changes.inTransaction);
      const step: TakenStep = await taken.catch((error: unknown) => {
        throw tellBackup(error, backup);
      });
      if (step === undefined) return steps;
      // Which one is next is known only while no other process migrates, so the other way decides again.
      isOutside = step === 'unsuited' && !isOutside;
      if (step === 'unsuited') continue;
      steps.push(step);
      this.#options.onStep(step);
    }
  }

  /** Runs one step. Foreign keys and lost rows are checked at COMMIT, after the migration itself has succeeded: then the error names the migration. */
  async #takeInTransaction(plan: StepPlan, change: SchemaChange): Promise<TakenStep> {
    let taken: TakenStep;
    const run = this.#options.run(async (kysely) => {
      taken = undefined;
      taken = await takeStep(kysely, plan, failure);
      return taken;
    }, change);
    return run.catch((error: unknown) => {
      const isOfMigration = error instanceof ConstraintError || error instanceof MigrationError;
      throw isOfMigration && typeof taken === 'object' ? failure(error, taken.name) : error;
    });
  }

  /** Runs one step of which each statement commits by itself; the record is the last one. */
  async #takeOutside(plan: StepPlan, change: SchemaChange): Promise<TakenStep> {
    return this.#options.runOutside?.((kysely) => takeStep(kysely, plan, failedOutside), change);
  }

  /** Kysely's migrator. It hands each migration the context, which its own does not know. */
  #migratorOf(kysely: Kysely<unknown>, migrations: Record<string, StorageMigration>): Migrator {
    const { context } = this.#options;
    const bound = Object.entries(migrations).map(([name, migration]): [string, Migration] => {
      const { down } = migration;
      const up: Migration['up'] = (db) => migration.up(db, context);
      return [name, down === undefined ? { up } : { up, down: (db) => down.call(migration, db, context) }];
    });
    return new Migrator({ db: kysely, provider: { getMigrations: async () => Object.fromEntries(bound) } });
  }

  #runsOutside({ transaction }: StorageMigration): boolean {
    return transaction === false && this.#options.runOutside !== undefined;
  }

  /** @throws MigrationError for a migration that a dry run cannot roll back. */
  #assertCanBeUndone(name: string, migration: StorageMigration): void {
    if (!this.#runsOutside(migration)) return;
    throw new MigrationError(
      `The migration "${name}" runs without a transaction, so a dry run could not undo it; it was not run.`,
      { migration: name },
    );
  }

  async #migrations(): Promise<Record<string, StorageMigration>> {
    if (this.#provider !== undefined) {
      const migrations = await this.#provider.getMigrations();
      assertMigrations(migrations);
      return migrations;
    }
    throw new ConfigurationError('invalid_configuration', 'The storage was opened without `migrations`.');
  }
}

/** What a step needs to know. */
interface StepPlan {
  readonly migrations: Record<string, StorageMigration>;
  readonly migratorOf: (kysely: Kysely<unknown>) => Migrator;
  readonly next: (state: MigrationState) => Direction | undefined;
  /** Whether the migration runs in the way in which this step runs. */
  readonly suits: (migration: StorageMigration) => boolean;
  readonly prepare: (names: readonly string[]) => Promise<void>;
}

/** The step that was taken; `undefined` when there was none to take, `unsuited` when the next one must run in the other way. */
type TakenStep = MigrationStep | 'unsuited' | undefined;

/** Makes the error of a migration that failed. */
type Explain = (cause: unknown, name: string | undefined, direction: Direction) => MigrationError;

/** Thrown to roll back the transaction of a dry run. */
class DryRunRollback extends Error {}

async function takeStep(
  kysely: Kysely<unknown>,
  { migrations, migratorOf, next, suits, prepare }: StepPlan,
  explain: Explain,
): Promise<TakenStep> {
  const migrator = migratorOf(kysely);
  const checksums = new MigrationChecksums(kysely, migrations);
  await checksums.verify();
  const before = stateOf(await migrator.getMigrations());
  const direction = next(before);
  if (direction === undefined) return undefined;
  const names = direction === 'up' ? before.pending : before.applied.toReversed();
  const migration = migrations[names[0] ?? ''];
  if (migration !== undefined && !suits(migration)) return 'unsuited';
  await prepare(names);
  const taken = direction === 'up' ? await migrator.migrateUp() : await migrator.migrateDown();
  const name = assertTaken(taken, direction, explain);
  await checksums.record(stateOf(await migrator.getMigrations()).applied, false);
  return { name, direction };
}

function mapMigrations(
  migrations: Record<string, StorageMigration>,
  map: (name: string, migration: StorageMigration) => StorageMigration,
): Record<string, StorageMigration> {
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
function assertTaken(
  { error, results = [] }: MigrationResultSet,
  direction: Direction = 'up',
  explain: Explain = failure,
): string {
  const failed = results.find(({ status }) => status === 'Error')?.migrationName;
  if (error !== undefined) throw explain(error, failed, direction);
  const skipped = results.find(({ status }) => status !== 'Success')?.migrationName;
  if (skipped !== undefined) {
    const message = `The migration "${skipped}" has no function \`${direction}\`, so it cannot be taken.`;
    throw new MigrationError(message, { migration: skipped });
  }
  return results.at(-1)?.migrationName ?? '';
}
