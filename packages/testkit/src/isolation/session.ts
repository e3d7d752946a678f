import type { IsolationLevel } from '@sluice/core';
import type { ControlledTransaction, Kysely } from 'kysely';

/** The table of Hermitage's scenarios, with the rows (1, 10) and (2, 20). */
export interface AnomalyDatabase {
  anomaly: { id: number; value: number };
}

/** The result of a step, or the error of this step or an earlier one. */
export type Step<T> = Promise<{ readonly value: T } | { readonly error: unknown }>;

/**
 * A transaction that a scenario controls step by step. Steps run in the order of their calls, one after the other. A scenario awaits the
 * steps that must be complete before another session continues; the others may wait for a lock.
 */
export class Session {
  readonly #trx: Promise<ControlledTransaction<AnomalyDatabase>>;
  #tail: Promise<unknown>;
  #failure: { readonly error: unknown } | undefined;
  #hasCommitted = false;

  constructor(
    kysely: Kysely<AnomalyDatabase>,
    isolation: IsolationLevel,
    access: 'read only' | 'read write',
  ) {
    const begin = kysely.startTransaction().setAccessMode(access);
    this.#trx = (isolation === 'serializable' ? begin : begin.setIsolationLevel(isolation)).execute();
    this.#tail = this.#trx.catch((error: unknown) => this.#fail(error));
  }

  /** Whether the transaction is committed. */
  get hasCommitted(): boolean {
    return this.#hasCommitted;
  }

  read(id: number): Step<number | undefined> {
    return this.#step(async (trx) => {
      const row = await trx.selectFrom('anomaly').select('value').where('id', '=', id).executeTakeFirst();
      return row?.value;
    });
  }

  /** Returns the ids of the rows whose value is a multiple of `divisor`. */
  findMultiples(divisor: number): Step<readonly number[]> {
    return this.#step(async (trx) => {
      const rows = await trx
        .selectFrom('anomaly')
        .select('id')
        .where((eb) => eb(eb('value', '%', divisor), '=', 0))
        .execute();
      return rows.map(({ id }) => id);
    });
  }

  update(id: number, value: number): Step<unknown> {
    return this.#step((trx) => trx.updateTable('anomaly').set({ value }).where('id', '=', id).execute());
  }

  insert(id: number, value: number): Step<unknown> {
    return this.#step((trx) => trx.insertInto('anomaly').values({ id, value }).execute());
  }

  commit(): Step<unknown> {
    return this.#step(async (trx) => {
      await trx.commit().execute();
      this.#hasCommitted = true;
    });
  }

  rollback(): Step<unknown> {
    return this.#step((trx) => trx.rollback().execute());
  }

  /** Waits for all steps, and rolls the transaction back if it is still open. */
  async end(): Promise<void> {
    await this.#tail;
    const trx = await this.#trx.catch(() => undefined);
    if (trx !== undefined && !trx.isCommitted && !trx.isRolledBack) await trx.rollback().execute();
  }

  #step<T>(work: (trx: ControlledTransaction<AnomalyDatabase>) => Promise<T>): Step<T> {
    const run = async (): Promise<{ readonly value: T } | { readonly error: unknown }> => {
      if (this.#failure !== undefined) return this.#failure;
      try {
        return { value: await work(await this.#trx) };
      } catch (error) {
        return this.#fail(error);
      }
    };
    const step = this.#tail.then(run);
    this.#tail = step;
    return step;
  }

  /** Rolls back after a failed step, so that its locks are released and other sessions continue. */
  async #fail(error: unknown): Promise<{ readonly error: unknown }> {
    this.#failure = { error };
    const trx = await this.#trx.catch(() => undefined);
    if (trx !== undefined && !trx.isCommitted && !trx.isRolledBack)
      await trx
        .rollback()
        .execute()
        .catch(() => {});
    return this.#failure;
  }
}

/** Returns the result of a step, or `undefined` if it failed. */
export async function seen<T>(step: Step<T>): Promise<T | undefined> {
  const outcome = await step;
  return 'value' in outcome ? outcome.value : undefined;
}
