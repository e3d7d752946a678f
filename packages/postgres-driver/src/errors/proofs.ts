import type { DatabaseError } from 'pg';
import { isDatabaseError } from './errors.js';

/**
 * What an error proves about the command that it ended. This is the one place for it: whatever is not proven here counts as `unknown`, and a write of
 * unknown outcome is never made again.
 *
 * | The error | The connection | It proves | Source |
 * | --- | --- | --- | --- |
 * | refuses the connection | was never open | nothing was executed, because nothing was sent | [1] |
 * | any of the server's, but for the next two lines | goes on | the transaction was rolled back | [1] |
 * | class 08, such as that of a foreign server | goes on | nothing: what the other server did is unknown | [2] |
 * | 40003 | goes on or ends | nothing: it says so itself | [2] |
 * | 57P01 to 57P05, 25P03, 25P04 of the server, in place of the completion | ends | nothing was committed: the commit comes after the completion | [1] [3] |
 * | any other of the server's | ends | nothing | |
 * | any after the statement's completion, or of the simple protocol, which commits before it reports the completion | ends | nothing | [1] |
 * | one that a pooler or a proxy made | goes on or ends | nothing: the server may still execute the statement | [4] |
 * | none: the network ended | ends | nothing | |
 * | any of them, of a statement in a transaction whose COMMIT was not sent | goes on or ends | nothing is committed: the server rolls back what is open | [1] |
 *
 * A statement that may commit by itself, such as CALL, proves less: a part may be committed whatever the error is, and all of it when the connection ended.
 * A COMMIT that the server refuses without ending the connection was rolled back.
 *
 * The server's own error has the fields file, line and routine, which PostgreSQL sends with every ErrorResponse [5]. Its code alone is no proof, nor is the
 * severity in field V: PgBouncer forwards the code of a failed login, Supavisor sends 57P01 with V to clients whose statements run, pgcat sends 58000 with
 * V. None of them sends the three fields.
 *
 * While COMMIT waits for a synchronous standby, an administrator's shutdown is told as a warning, not as an error, and then the connection ends [6]: the
 * last line of the table. Where a cancel request ends that wait, the server reports success, also with a warning only: that counts as
 * unknown, because a failover undoes the write.
 *
 * - [1] https://www.postgresql.org/docs/current/protocol-flow.html
 * - [2] https://www.postgresql.org/docs/current/errcodes-appendix.html
 * - [3] PostgreSQL, src/backend/tcop/postgres.c: `exec_execute_message` sends CommandComplete, Sync commits
 * - [4] PgBouncer, src/proto.c `send_pooler_error` (08P01 where it has no other code), src/server.c (`server conn crashed?`), src/janitor.c
 *   (`query_timeout`); Odyssey, `kiwi_be_write_error_as`; pgcat, src/messages.rs; Supavisor, lib/supavisor/protocol/server.ex
 * - [5] https://www.postgresql.org/docs/current/protocol-error-fields.html; src/backend/utils/error/elog.c `send_message_to_frontend`
 * - [6] PostgreSQL, src/backend/replication/syncrep.c
 */
export function outcomeOf(cause: unknown, command: FailedCommand): FailureOutcome {
  const { isCommit, isLost, isInTransaction, isSimple, mayCommit } = command;
  if (isInTransaction && !isSimple && !mayCommit) return 'rolled back';
  if (!isDatabaseError(cause)) return isLost ? 'unknown' : 'rolled back';
  const { code = '' } = cause;
  if (isLost) {
    const mayBeCommitted = command.isCompleted || isSimple || mayCommit;
    const isProof = isFromServer(cause) && SESSION_ENDED.has(code) && !mayBeCommitted;
    return isProof ? 'rolled back' : 'unknown';
  }
  if (code.startsWith('08') || code === '40003') return 'unknown';
  return mayCommit && !isCommit ? 'in part' : 'rolled back';
}

/** How a command that failed ended. `in part`: it was rolled back, but for what it committed by itself before. */
export type FailureOutcome = 'in part' | 'rolled back' | 'unknown';

/** What is known of a command that failed. */
export interface FailedCommand {
  /** Whether the connection ended with the error. */
  readonly isLost: boolean;
  /** Whether it was sent in a transaction that only a later COMMIT commits. */
  readonly isInTransaction: boolean;
  /** Whether the completion of its statement was received; from then on it may be committed. */
  readonly isCompleted: boolean;
  /** Whether the simple protocol sent it, in which the server commits a statement before it reports its completion. */
  readonly isSimple: boolean;
  /** Whether it may commit by itself before its completion is reported, as CALL may. */
  readonly mayCommit: boolean;
  /** Whether it is COMMIT, which commits everything or nothing. */
  readonly isCommit: boolean;
}

/** Whether the error has the fields that only the server's own errors have. */
export function isFromServer({ file, line, routine }: DatabaseError): boolean {
  return [file, line, routine].every((field) => field !== undefined && field !== '');
}

/**
 * Whether a pooler or a proxy made the error and did not pass on the server's. Then the connection is of no use any more, even where it stays open: the
 * server's answer may still arrive. Codes that come of executing a statement, such as 23505, are the server's, also where the fields are missing.
 */
export function isOfPooler(cause: unknown): boolean {
  if (!isDatabaseError(cause) || isFromServer(cause)) return false;
  const { code = '', severity } = cause;
  return severity === 'FATAL' || code === '' || POOLER_CLASSES.has(code.slice(0, 2));
}

/** The server ended the session, and with it a transaction that was not committed. */
const SESSION_ENDED: ReadonlySet<string> = new Set([
  '25P03',
  '25P04',
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
]);

/** Connection exception, insufficient resources, operator intervention, system error, configuration file error, internal error. */
const POOLER_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57', '58', 'F0', 'XX']);
