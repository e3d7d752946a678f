import type { PostgresConfig } from '../options/options.js';
import { type BackendKey, sendCancel } from './cancel.js';

/** How long a cancelled statement, or the ending of a connection, may take before the connection is destroyed, in milliseconds. */
export const GRACE_MS = 5000;

/**
 * The requests to cancel the running command of one connection. Where the command has not ended {@link GRACE_MS} after the first of them, `onUnanswered` is
 * called. That a request was delivered is no answer: a process that is stopped receives it too.
 */
export class Cancellation {
  readonly #config: PostgresConfig;
  readonly #key: BackendKey;
  readonly #onUnanswered: () => void;
  #sending: Promise<unknown> | undefined;
  #guard: NodeJS.Timeout | undefined;

  constructor(config: PostgresConfig, key: BackendKey, onUnanswered: () => void) {
    this.#config = config;
    this.#key = key;
    this.#onUnanswered = onUnanswered;
  }

  /** Whether a request was sent for the running command. */
  get isUnderWay(): boolean {
    return this.#sending !== undefined;
  }

  /** Sends a request. Another one follows where the first has hit a command that was sent before the statement. */
  begin(): void {
    this.#guard ??= setTimeout(this.#onUnanswered, GRACE_MS);
    this.#sending = Promise.all([sendCancel(this.#config, this.#key, GRACE_MS), this.#sending]);
  }

  /** Call it when the command has ended. Resolves when no request can reach the next command any more as far as this side knows. */
  async end(): Promise<void> {
    clearTimeout(this.#guard);
    this.#guard = undefined;
    while (this.#sending !== undefined) {
      const sending = this.#sending;
      await sending;
      if (this.#sending === sending) this.#sending = undefined;
    }
  }
}
