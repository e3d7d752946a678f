import type { CollectedCalls } from './collected-calls.js';
import { type RepositoryCall, RepositoryCalls, type RepositoryHost } from './repository-calls.js';
import type { ColumnForms } from './table-shape.js';

/** The calls of one table's repository in a batch. */
export class BatchedCalls extends RepositoryCalls {
  readonly #calls: CollectedCalls;

  constructor(
    host: RepositoryHost & { readonly batch: CollectedCalls },
    table: string,
    key: readonly string[],
    forms: ColumnForms | undefined,
  ) {
    super(host, table, key, forms);
    this.#calls = host.batch;
  }

  override perform<Args, Built, Answer, Result>(
    call: RepositoryCall<Args, Built, Answer, Result>,
  ): Promise<Result> {
    const { label, priority, signal, timeoutMs } = call.options;
    if ([label, priority, signal, timeoutMs].some((option) => option !== undefined))
      return this.#calls.refuse('the options of a batch are those of `batch`, not of its calls');
    return this.#calls.collect((recording) =>
      super.perform({
        ...call,
        run: (built, statements, options) => recording(() => call.run(built, statements, options)),
      }),
    );
  }
}
