import type {
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { TransactionScope } from '../transaction/transaction-scope.js';
import { OpenStreams } from './open-streams.js';

/** What a {@link SnapshotScope} tells of itself. */
export interface SnapshotScopeOptions {
  /** Called after each statement. */
  readonly onStatement: () => void;
  /** Called when a rollback failed; the connection was discarded. */
  readonly onRollbackFailure: (error: unknown) => void;
}

/** The transaction of a snapshot that is held. It reads, and each of its streams ends at the stream's own deadline, as those outside transactions do. */
export class SnapshotScope extends TransactionScope {
  readonly #options: SnapshotScopeOptions;
  readonly #streams = new OpenStreams();
  #refusal: (() => Error) | undefined;
  #closed: Promise<void> | undefined;

  constructor(owner: object, transaction: DatabaseTransaction, options: SnapshotScopeOptions) {
    super(owner, transaction);
    this.#options = options;
  }

  override async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    this.#assertReadable(statement);
    try {
      return await super.execute(statement, options);
    } finally {
      this.#options.onStatement();
    }
  }

  override async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.#assertReadable(statement);
    const batches = super.stream(statement, batchSize, options);
    yield* this.#streams.read(batches, options.deadline ?? Number.POSITIVE_INFINITY);
  }

  /** Refuses later calls with `refusal` and rolls back, once. Never rejects. */
  end(refusal: () => Error): Promise<void> {
    this.#refusal ??= refusal;
    this.#closed ??= this.rollback().catch(this.#options.onRollbackFailure);
    return this.#closed;
  }

  /** The same, after the calls and streams that were accepted. */
  async drain(refusal: () => Error): Promise<void> {
    this.#refusal ??= refusal;
    await this.#streams.empty();
    await this.finish().catch(() => {});
    await this.end(refusal);
  }

  #assertReadable({ access }: Statement): void {
    if (this.#refusal !== undefined) throw this.#refusal();
    if (access === 'write') throw invalidQuery('a snapshot only reads; write with the storage');
  }
}
