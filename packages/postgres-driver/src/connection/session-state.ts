import { SluiceError } from '@sluice/core';
import type { Client } from 'pg';
import { isDatabaseError } from '../errors/errors.js';
import type { PostgresConfig } from '../options/options.js';
import type { RawResult } from '../values/raw-result.js';
import type { PreparedStatements } from './prepared.js';
import { Commands, resetCommands } from './reset.js';
import { bothOf, mayChangeCode, type Residue, residueOf } from './residue.js';
import { sessionStatement } from './session.js';

/** How a connection runs the driver's own commands. They keep the session as it is. */
export interface OwnCommands {
  run(text: string, parameters?: readonly unknown[]): Promise<unknown>;
  /** Waits for what `send` sends in one round trip. */
  perform(send: () => Promise<void>): Promise<void>;
}

/** The servers, by their configuration, that do not know one of the commands of a reset. `discard all` is all they have. */
const withoutReset = new WeakSet<PostgresConfig>();

/** What statements may have left in a session since it was opened, or reset. */
export class SessionState {
  readonly #client: Client;
  readonly #config: PostgresConfig;
  readonly #prepared: PreparedStatements;
  /** The commands of a reset that are prepared. */
  readonly #preparedCommands: Set<string> | undefined;
  #residue: Residue = 'nothing';
  #mayHaveChangedCode = false;

  constructor(client: Client, config: PostgresConfig, prepared: PreparedStatements) {
    this.#client = client;
    this.#config = config;
    this.#prepared = prepared;
    this.#preparedCommands = config.prepare ? new Set() : undefined;
  }

  /** Whether nothing is left. */
  get isKept(): boolean {
    return this.#residue === 'nothing';
  }

  leave(residue: Residue): void {
    this.#residue = bothOf(this.#residue, residue);
  }

  /**
   * Notes that a statement is sent. It may leave something also when it fails: not all of it is undone with its transaction. Behind a pooler in transaction mode
   * the session belongs to other clients too, and is not ours to reset.
   */
  noteSent(): void {
    if (!this.#config.isPooled) this.leave('state');
  }

  /** Notes which statements were executed. Behind a pooler, after a change of the schema, the prepared statements end with the connection. */
  noteExecuted(results: readonly RawResult[]): void {
    const { isPooled, prepare } = this.#config;
    for (const { command } of results) {
      const mayHaveChanged = mayChangeCode(command);
      if (!isPooled) this.leave(residueOf(command));
      else if (prepare && mayHaveChanged) this.leave('statements');
      this.#mayHaveChangedCode ||= mayHaveChanged;
    }
  }

  /** Whether a statement may have changed which tables run code, since this was last asked. */
  takeChangeOfCode(): boolean {
    const mayHave = this.#mayHaveChangedCode;
    this.#mayHaveChangedCode = false;
    return mayHave;
  }

  /** Undoes what is left. Resolves with whether nothing is left; otherwise the session must end. */
  async reset(own: OwnCommands): Promise<boolean> {
    if (this.#residue === 'code') return false;
    if (this.#residue === 'statements' || withoutReset.has(this.#config)) await this.#discardAll(own);
    else await this.#undoState(own);
    this.#residue = 'nothing';
    return true;
  }

  async #undoState(own: OwnCommands): Promise<void> {
    try {
      await own.perform(() =>
        Commands.run(this.#client, resetCommands(this.#config), this.#preparedCommands),
      );
    } catch (error) {
      const code =
        error instanceof SluiceError && isDatabaseError(error.cause) ? error.cause.code : undefined;
      if (code === undefined) throw error;
      if (/^(?:0A|42)/.test(code)) withoutReset.add(this.#config);
      await this.#discardAll(own);
    }
  }

  async #discardAll(own: OwnCommands): Promise<void> {
    const { text, parameters } = sessionStatement(this.#config);
    await own.run('discard all');
    await own.run(text, parameters);
    this.#prepared.forget();
    this.#preparedCommands?.clear();
  }
}
