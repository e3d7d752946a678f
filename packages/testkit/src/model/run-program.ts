import { isDeepStrictEqual } from 'node:util';
import { SluiceError, type Storage, type StorageTransaction } from '@sluice/core';
import { migrationsOf } from '../fixture/schema/suite-migrations.js';
import { EMPTY, type ModelState, run } from './model.js';
import type {
  ModelAction,
  ModelCall,
  ModelCondition,
  ModelRow,
  ModelStep,
  ModelUnit,
  Outcome,
} from './program.js';
import { runWithReleasedKeys } from './released-keys.js';
import { runWithSnapshotReads } from './snapshot-reads.js';

/** The table that programs use. */
export interface ModelDatabase {
  item: ModelRow;
}

/** Opens the database of a run. It is called again after each restart. */
export type OpenModelStorage = (options: {
  readonly migrations: ReturnType<typeof migrationsOf>;
}) => Promise<Storage<ModelDatabase>>;

/** The driver's behaviour differs from the model's. */
export class DifferenceError extends Error {}

/** Runs programs one after the other on one database. Each begins with an empty table. Every outcome is compared with the model's. */
export class ProgramRunner {
  readonly #open: OpenModelStorage;
  #storage: Storage<ModelDatabase> | undefined;

  constructor(open: OpenModelStorage) {
    this.#open = open;
  }

  /** @throws DifferenceError at the first step whose outcome or resulting state the model does not permit. */
  async run(program: readonly ModelStep[]): Promise<void> {
    const storage = await this.#current();
    await storage.migrator.to('1');
    await storage.repository('item', { key: 'id' }).deleteMany({ where: {} });
    let state = EMPTY;
    for (const [index, step] of program.entries()) state = await this.#compare(state, step, index);
  }

  async close(): Promise<void> {
    await this.#storage?.close();
    this.#storage = undefined;
  }

  async #compare(state: ModelState, step: ModelStep, index: number): Promise<ModelState> {
    const outcomes = await this.#perform(step);
    const storage = await this.#current();
    const stored = await storage.repository('item', { key: 'id' }).find({ orderBy: { id: 'asc' } });
    const allowed = run(state, step);
    const agrees = (each: Pick<(typeof allowed)[number], 'outcomes' | 'state'>): boolean =>
      isDeepStrictEqual(each.outcomes, outcomes) && isDeepStrictEqual(sorted(each.state), stored);
    const agreeing = allowed.find(agrees);
    if (agreeing !== undefined) return agreeing.state;
    if (step.do === 'together' && storage.capabilities.concurrentWriters) {
      for (const each of runWithSnapshotReads(state, step.units)) if (agrees(each)) return each.state;
      for (const each of runWithReleasedKeys(state, step.units)) if (agrees(each)) return each.state;
    }
    const expected = allowed.map((each) => ({ outcomes: each.outcomes, stored: sorted(each.state) }));
    const gave = `Step ${index + 1} gave ${write({ outcomes, stored })}`;
    const refusals = outcomes.flatMap((outcome) => CAUSES.get(outcome) ?? []).map((line) => `\n  ${line}`);
    throw new DifferenceError(
      `${gave}, and the model allows ${expected.map(write).join(' or ')}.${refusals.join('')}`,
    );
  }

  async #perform(step: ModelStep): Promise<readonly Outcome[]> {
    const storage = await this.#current();
    switch (step.do) {
      case 'together':
        return Promise.all(step.units.map((unit) => settle(() => performUnit(storage, unit))));
      case 'migrate':
        return [
          await settle(async () => {
            await storage.migrator.to(String(step.to));
            return 'done';
          }),
        ];
      case 'restart':
        await this.close();
        await this.#current();
        return [{ value: 'done' }];
      default:
        return [await settle(() => performUnit(storage, step))];
    }
  }

  async #current(): Promise<Storage<ModelDatabase>> {
    this.#storage ??= await this.#open({ migrations: modelMigrations });
    return this.#storage;
  }
}

const modelMigrations = migrationsOf({
  '1': {
    up: async (db) => {
      await db.schema
        .createTable('item')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.unique())
        .addColumn('amount', 'integer')
        .execute();
    },
  },
  '2': {
    up: async (db) => {
      await db.schema
        .alterTable('item')
        .addColumn('tag', 'text', (column) => column.notNull().defaultTo('new'))
        .execute();
    },
    down: async (db) => {
      await db.schema.alterTable('item').dropColumn('tag').execute();
    },
  },
});

class UndoneError extends Error {
  readonly code = 'undone';
}

/** Returns the outcome of `work`. An error that belongs neither to the contract nor to the program ends the run. */
async function settle(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof SluiceError || error instanceof UndoneError)) throw error;
    const outcome = { code: error.code };
    CAUSES.set(outcome, messagesOf(error));
    return outcome;
  }
}

/** The causes of refused steps, for the description of a difference. Only the outcomes are compared. */
const CAUSES = new WeakMap<Outcome, string[]>();

function messagesOf(error: Error): string[] {
  return [String(error), ...(error.cause instanceof Error ? messagesOf(error.cause) : [])];
}

function performUnit(storage: Storage<ModelDatabase>, unit: ModelUnit): Promise<unknown> {
  if (unit.do !== 'write') return performCall(storage, unit);
  return storage.write((tx) => performActions(tx, unit.actions, unit.fails));
}

async function performActions(
  tx: StorageTransaction<ModelDatabase>,
  actions: readonly ModelAction[],
  fails: boolean,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const action of actions) {
    if (action.do !== 'savepoint') outcomes.push({ value: await performCall(tx, action) });
    else
      outcomes.push(
        await settle(() => tx.savepoint((inner) => performActions(inner, action.actions, action.fails))),
      );
  }
  if (fails) throw new UndoneError('undone');
  return outcomes;
}

async function performCall(
  storage: Pick<StorageTransaction<ModelDatabase>, 'repository'>,
  call: ModelCall,
): Promise<unknown> {
  const items = storage.repository('item', { key: 'id' });
  switch (call.do) {
    case 'insert':
      return items.insert(call.row as ModelRow);
    case 'insertMany':
      return items.insertMany(call.rows as readonly ModelRow[]);
    case 'upsert':
      return items.upsert(call.row as ModelRow);
    case 'update':
      return items.update(call.id, call.patch);
    case 'updateMany':
      return items.updateMany({ where: conditionOf(call.where) }, { amount: call.amount });
    case 'delete':
      return items.delete(call.id);
    case 'deleteMany':
      return items.deleteMany({ where: conditionOf(call.where) });
    case 'get':
      return items.get(call.id);
    case 'count':
      return items.count({ where: conditionOf(call.where) });
    case 'find': {
      const order = { [call.orderBy]: call.direction, id: 'asc' } as const;
      return items.find({ where: conditionOf(call.where), orderBy: order, limit: call.limit });
    }
  }
}

function conditionOf(where: ModelCondition) {
  if ('amountAtLeast' in where) return { amount: { gte: where.amountAtLeast } };
  if ('nameIsNull' in where) return { name: { isNull: where.nameIsNull } };
  if ('nameStartsWith' in where) return { name: { startsWith: where.nameStartsWith } };
  return {};
}

function sorted({ rows }: ModelState): readonly ModelRow[] {
  return [...rows.values()].sort((a, b) => a.id - b.id);
}

function write(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (each === undefined ? 'undefined' : each));
}
