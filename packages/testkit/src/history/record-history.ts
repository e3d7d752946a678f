import { CommitUnknownError, type IsolationLevel, type Storage, type StorageTransaction } from '@sluice/core';
import { sql } from 'kysely';
import type { MigrationProvider } from 'kysely/migration';
import { migrationsOf } from '../fixture/schema/suite-migrations.js';
import type { History, Operation, RecordedTransaction } from './history.js';

/** The table of lists. A list is stored as text with commas. */
export interface HistoryDatabase {
  history_list: { id: number; elements: string };
}

/** Options of {@link recordHistory}. */
export interface RecordHistoryOptions {
  /** The number of transactions. */
  readonly transactions: number;
  /** The number of concurrent callers. */
  readonly callers: number;
  /** The number of lists. Fewer lists mean more conflicts. */
  readonly lists: number;
  /** Returns a random number, at least 0 and less than 1. */
  readonly random: () => number;
  /** The isolation level of transactions that only read. Default `serializable`. */
  readonly readIsolation?: IsolationLevel | 'default';
}

/** Creates the table of lists. */
export const historyMigrations: MigrationProvider = migrationsOf({
  '1': {
    up: async (db) => {
      await db.schema
        .createTable('history_list')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('elements', 'text', (column) => column.notNull())
        .execute();
    },
  },
});

/**
 * Runs transactions that read and append to lists, and records their operations. Some of them roll themselves back. The last transaction
 * reads every list.
 */
export async function recordHistory(
  storages: readonly Storage<HistoryDatabase>[],
  { transactions, callers, lists, random, readIsolation = 'serializable' }: RecordHistoryOptions,
): Promise<History> {
  const history: RecordedTransaction[] = [];
  let begun = 0;
  const caller = async (storage: Storage<HistoryDatabase>): Promise<void> => {
    while (begun < transactions) {
      begun += 1;
      history.push(...(await recordTransaction(storage, plan(begun, lists, random), readIsolation)));
    }
  };
  await Promise.all(
    Array.from({ length: callers }, (_, index) =>
      caller(storages[index % storages.length] as Storage<HistoryDatabase>),
    ),
  );
  const everything = Array.from({ length: lists }, (_, key) => ({ kind: 'read', key }) as const);
  const [first] = storages;
  if (first !== undefined)
    history.push(...(await recordTransaction(first, { steps: everything, isUndone: false }, readIsolation)));
  return history;
}

type PlannedStep = { readonly kind: 'read'; readonly key: number } | Extract<Operation, { kind: 'append' }>;

interface Plan {
  readonly steps: readonly PlannedStep[];
  readonly isUndone: boolean;
}

function plan(id: number, lists: number, random: () => number): Plan {
  const steps = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index): PlannedStep => {
    const key = Math.floor(random() * lists);
    return random() < 0.5 ? { kind: 'read', key } : { kind: 'append', key, element: id * 10 + index };
  });
  return { steps, isUndone: random() < 0.1 };
}

/** Records each attempt as one transaction. An attempt that was replayed is recorded as rolled back. */
async function recordTransaction(
  storage: Storage<HistoryDatabase>,
  { steps, isUndone }: Plan,
  readIsolation: IsolationLevel | 'default',
): Promise<RecordedTransaction[]> {
  let operations: Operation[] = [];
  const access = steps.every(({ kind }) => kind === 'read') ? 'read' : 'write';
  const isolation = access === 'read' && readIsolation !== 'default' ? readIsolation : undefined;
  try {
    await storage[access](
      async (tx) => {
        operations = [];
        for (const step of steps) operations.push(await perform(tx, step));
        if (isUndone) throw new UndoneError();
      },
      { isolation },
    );
    return [{ outcome: 'committed', operations }];
  } catch (error) {
    if (error instanceof UndoneError) return [{ outcome: 'aborted', operations }];
    if (error instanceof CommitUnknownError) return [{ outcome: 'unknown', operations }];
    throw error;
  }
}

class UndoneError extends Error {}

async function perform(tx: StorageTransaction<HistoryDatabase>, step: PlannedStep): Promise<Operation> {
  if (step.kind === 'read') {
    const row = await tx.kysely
      .selectFrom('history_list')
      .select('elements')
      .where('id', '=', step.key)
      .executeTakeFirst();
    return { ...step, list: row === undefined ? [] : row.elements.split(',').map(Number) };
  }
  const element = String(step.element);
  await tx.kysely
    .insertInto('history_list')
    .values({ id: step.key, elements: element })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ elements: sql<string>`history_list.elements || ${`,${element}`}` }),
    )
    .execute();
  return step;
}
