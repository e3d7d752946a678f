import type { Kysely } from 'kysely';
import {
  type MigrationInfo,
  type MigrationProvider,
  type MigrationResultSet,
  Migrator,
} from 'kysely/migration';
import { ConfigurationError, MigrationError, UsageError } from '../errors/usage-errors.js';
import { FolderMigrationProvider } from './folder-migration-provider.js';

/** One step that was taken. */
export interface MigrationStep {
  readonly name: string;
  readonly direction: 'up' | 'down';
}

/** One migration and whether it is applied. */
export interface MigrationStatus {
  readonly name: string;
  /** `undefined` while it is pending. */
  readonly appliedAt: Date | undefined;
}

/** What a {@link StorageMigrator} runs on. */
export interface StorageMigratorOptions {
  readonly migrations: URL | MigrationProvider | undefined;
  /** Runs `work` in a transaction that may change the schema, alone among all processes. */
  readonly run: <T>(work: (kysely: Kysely<unknown>) => Promise<T>) => Promise<T>;
  readonly onMigration: (step: MigrationStep) => void;
}

/**
 * Applies and undoes migrations (contract C13): in the order of their names, each in a transaction of its own with its record, so that one
 * that fails leaves the schema as it was. However many processes start together, each migration runs once.
 */
export class StorageMigrator {
  readonly #options: StorageMigratorOptions;
  readonly #provider: MigrationProvider | undefined;

  constructor(options: StorageMigratorOptions) {
    this.#options = options;
    const { migrations } = options;
    this.#provider = migrations instanceof URL ? new FolderMigrationProvider(migrations) : migrations;
  }

  /** Applies every pending migration and returns them. @throws MigrationError; those before the failing one stay applied. */
  up(): Promise<MigrationStep[]> {
    return this.#walk(({ pending }) => (pending.length > 0 ? 'up' : undefined));
  }

  /** Undoes the migration applied last and returns it; nothing when none is applied. @throws MigrationError. */
  down(): Promise<MigrationStep[]> {
    let isDone = false;
    return this.#walk(({ applied }) => {
      if (isDone || applied.length === 0) return undefined;
      isDone = true;
      return 'down';
    });
  }

  /** Applies or undoes migrations until `name` is the last one applied; `null` undoes all. @throws UsageError, MigrationError. */
  to(name: string | null): Promise<MigrationStep[]> {
    return this.#walk(({ applied, pending }) => {
      if (name === null) return applied.length > 0 ? 'down' : undefined;
      if (applied.at(-1) === name) return undefined;
      if (applied.includes(name)) return 'down';
      if (pending.includes(name)) return 'up';
      throw new UsageError(
        'invalid_query',
        `There is no migration "${name}". There are: ${[...applied, ...pending].join(', ')}.`,
      );
    });
  }

  /** Every migration in order, applied or pending. Waits for a migration that runs in another process. */
  status(): Promise<MigrationStatus[]> {
    return this.#options.run(async (kysely) => {
      const infos = await this.#migrator(kysely).getMigrations();
      return infos.map(({ name, executedAt }) => ({ name, appliedAt: executedAt }));
    });
  }

  /** Takes steps, each in a transaction of its own, until `next` asks for none. */
  async #walk(next: (state: MigrationState) => 'up' | 'down' | undefined): Promise<MigrationStep[]> {
    const steps: MigrationStep[] = [];
    for (;;) {
      const step = await this.#options.run((kysely) => takeStep(this.#migrator(kysely), next));
      if (step === undefined) return steps;
      steps.push(step);
      this.#options.onMigration(step);
    }
  }

  #migrator(kysely: Kysely<unknown>): Migrator {
    if (this.#provider === undefined) {
      throw new ConfigurationError('invalid_configuration', 'The storage was opened without `migrations`.');
    }
    return new Migrator({ db: kysely, provider: this.#provider });
  }
}

interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

async function takeStep(
  migrator: Migrator,
  next: (state: MigrationState) => 'up' | 'down' | undefined,
): Promise<MigrationStep | undefined> {
  const direction = next(stateOf(await migrator.getMigrations()));
  if (direction === undefined) return undefined;
  const outcome = direction === 'up' ? await migrator.migrateUp() : await migrator.migrateDown();
  return { name: succeeded(outcome, direction), direction };
}

function stateOf(infos: readonly MigrationInfo[]): MigrationState {
  const names = (isApplied: boolean): string[] =>
    infos.filter(({ executedAt }) => (executedAt !== undefined) === isApplied).map(({ name }) => name);
  return { applied: names(true), pending: names(false) };
}

function succeeded({ error, results }: MigrationResultSet, direction: string): string {
  const result = results?.find(({ status }) => status !== 'NotExecuted');
  if (error === undefined && result?.status === 'Success') return result.migrationName;
  const name = result?.migrationName;
  if (error === undefined)
    throw new MigrationError(`The next migration has no function \`${direction}\`, so it cannot be taken.`);
  const why = error instanceof Error ? error.message : String(error);
  const message =
    name === undefined
      ? `The migrations cannot be run: ${why}`
      : `The migration "${name}" failed and was undone: ${why}`;
  throw new MigrationError(message, { cause: error, migration: name });
}
