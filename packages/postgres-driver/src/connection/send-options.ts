import type { ExecuteOptions } from '@sluice/core';
import type { SessionMode } from './mode.js';

/** How one statement is sent. */
export interface SendOptions extends ExecuteOptions {
  /** Allows several statements in the text, which PostgreSQL supports only without parameters. Default false. */
  readonly isScript?: boolean;
  /** The mode that a statement outside a transaction needs. Default: any mode. */
  readonly mode?: SessionMode;
  /** Allows the statement to be prepared once it has been used repeatedly. Default false. */
  readonly mayPrepare?: boolean;
  /** Whether the parameters are already text, bytes and nulls. Default false: `pg` converts them. */
  readonly isBound?: boolean;
  /** The data of a COPY … FROM STDIN, iterated once and sent in the same round trip as the statement. */
  readonly copyData?: Iterable<Buffer>;
  /** A BEGIN or SAVEPOINT, sent before the statement in the same round trip. */
  readonly begin?: string | undefined;
  /** Whether it certainly leaves nothing in the session. Default false. */
  readonly keepsSession?: boolean;
  /** Whether a deadline or signal cancels the running statement, or destroys the connection. Default `cancel`. */
  readonly onInterrupt?: 'cancel' | 'destroy';
}
