import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import { toStatement } from '../dialect/to-statement.js';
import type { TypedQueries } from '../dialect/typed-queries.js';
import type { ExecuteOptions } from '../driver/driver.js';
import { UnreadableResultError } from '../errors/data-errors.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { CollectedCalls, type RunTogether } from '../repository/collected-calls.js';
import type { Tables } from '../repository/repository.js';
import type { RepositoryHost } from '../repository/repository-calls.js';
import type { RepositoryScope } from '../repository/repository-scope.js';
import { type BatchResult, toBatchResults } from './batch.js';

/** What `storage.batch` passes to its callback: repositories are bound to it, `media.in(batch)`, and their calls become part of the batch. */
export interface StorageBatch<DB> extends Tables<DB> {
  /** Adds a query that was built with the storage's own `kysely`. */
  query<Q extends Compilable<unknown>>(query: Q): Promise<BatchResult<Q>>;
}

/** The results of a batch's calls, in their order. */
export type CallResults<Calls extends readonly unknown[]> = {
  -readonly [Index in keyof Calls]: Awaited<Calls[Index]>;
};

/** What a batch of calls is made with. */
export interface BatchOfCallsHost<DB> {
  readonly repositories: RepositoryHost;
  readonly queries: TypedQueries;
  readonly kysely: Kysely<DB>;
  readonly execute: ExecuteOptions;
  /** Called with each plain query that has run. */
  readonly onQuery: (query: CompiledQuery) => void;
}

/** The calls that a callback makes, which run as one transaction. */
export class BatchOfCalls<DB, Calls extends readonly unknown[]> {
  readonly #calls: CollectedCalls;
  readonly #results: Calls;

  /** Makes the calls. @throws what the callback throws; UsageError `invalid_query` when it returns no list. */
  constructor(host: BatchOfCallsHost<DB>, callback: (batch: StorageBatch<DB>) => Calls) {
    this.#calls = new CollectedCalls(host.repositories.statements.catalog);
    try {
      this.#results = callback(new BatchHandle(host, this.#calls));
    } finally {
      this.#calls.close();
    }
    if (!Array.isArray(this.#results))
      throw invalidQuery('the callback of a batch returns a list of its calls, at once');
    // The error of the batch is that of the first call; the others say the same.
    for (const result of this.#results) if (result instanceof Promise) result.catch(() => {});
  }

  /** Runs the calls. @throws the error of the first that fails; UnreadableResultError when all are stored, and the result of one cannot be given. */
  async run(together: RunTogether): Promise<CallResults<Calls>> {
    const isStored = await this.#calls.run(together);
    const { failure } = this.#calls;
    if (failure !== undefined && !isStored) throw failure.error;
    try {
      if (failure !== undefined) throw failure.error;
      return (await Promise.all(this.#results)) as CallResults<Calls>;
    } catch (error) {
      if (!isStored) throw error;
      throw new UnreadableResultError(
        'The batch is stored, but the result of one of its calls cannot be given.',
        {
          cause: error,
        },
      );
    }
  }
}

class BatchHandle<DB> implements StorageBatch<DB>, RepositoryScope {
  readonly repositoryHost: RepositoryHost;
  readonly #host: BatchOfCallsHost<DB>;
  readonly #calls: CollectedCalls;

  constructor(host: BatchOfCallsHost<DB>, calls: CollectedCalls) {
    this.#host = host;
    this.#calls = calls;
    this.repositoryHost = {
      ...host.repositories,
      runner: calls,
      batch: calls,
      atomically: (work) => work(calls),
    };
  }

  query<Q extends Compilable<unknown>>(query: Q): Promise<BatchResult<Q>> {
    const { queries, execute, kysely, onQuery } = this.#host;
    const compiled = query.compile();
    return this.#calls.collect(async (recording) => {
      const results = await queries.run([compiled], execute, (made, how) =>
        recording(() => this.#calls.executeAll(made.map(toStatement), how)),
      );
      for (const { rows } of results) queries.decode(compiled, rows);
      onQuery(compiled);
      const [result] = await toBatchResults(kysely, results);
      return result as BatchResult<Q>;
    });
  }
}
