import type { OnWarning } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { SendOptions } from '../connection/send-options.js';
import { isDatabaseError } from '../errors/errors.js';
import { poolerWarning, sharedSessionError, unkeptStatementsError } from '../errors/pooler-errors.js';
import type { PostgresConfig } from '../options/options.js';

/** How long one step of the check may take, in milliseconds. */
const ANSWER_MS = 2000;

/**
 * Checks whether the options suit a pooler between this process and the server.
 *
 * That there is one shows in the number of the server's process, which differs from the one in the connection's cancel key: a pooler has cancel keys of its
 * own. That it runs in transaction mode shows in one of these: it keeps prepared statements, which needs names of its own; two open connections have the
 * same process; the process of a connection changes. None of it shows for certain with a pooler that keeps no statements and has several sessions to
 * choose from. Then there is a warning.
 */
export class PoolerCheck {
  readonly #config: PostgresConfig;
  readonly #onWarning: OnWarning;
  #checking: Promise<void> | undefined;

  constructor(config: PostgresConfig, onWarning: OnWarning) {
    this.#config = config;
    this.#onWarning = onWarning;
  }

  /**
   * Checks a connection that was just opened; only the first behind a pooler needs more than the answer it already has.
   *
   * @param openSecond opens another one for a moment.
   * @throws ConfigurationError where the options do not suit the pooler, or what the connection throws.
   */
  async check(connection: PostgresConnection, openSecond: () => Promise<PostgresConnection>): Promise<void> {
    if (!connection.backend.isBehindPooler || this.#config.pooler === 'session') return;
    this.#checking ??= this.#check(connection, openSecond);
    const checking = this.#checking;
    try {
      await checking;
    } catch (error) {
      if (this.#checking === checking) this.#checking = undefined;
      throw error;
    }
  }

  async #check(connection: PostgresConnection, openSecond: () => Promise<PostgresConnection>): Promise<void> {
    const { pooler, prepare } = this.#config;
    if (pooler === 'transaction') {
      if (prepare && (await passesNamesOn(connection))) throw unkeptStatementsError(this.#config);
      return;
    }
    const isShared = !(await passesNamesOn(connection)) || (await sharesSessions(connection, openSecond));
    if (isShared) throw sharedSessionError(this.#config);
    this.#onWarning(poolerWarning(this.#config));
  }
}

/** A name that is taken was passed on by another client of the session. */
async function passesNamesOn(connection: PostgresConnection): Promise<boolean> {
  try {
    return await connection.passesNamesOn(within());
  } catch (error) {
    if (error instanceof Error && isDatabaseError(error.cause) && error.cause.code === '42P05') return true;
    throw error;
  }
}

/** Whether two open connections are seen to use the same sessions. */
async function sharesSessions(
  first: PostgresConnection,
  openSecond: () => Promise<PostgresConnection>,
): Promise<boolean> {
  let second: PostgresConnection;
  try {
    second = await openSecond();
  } catch {
    // A pooler in session mode may have no second session.
    return false;
  }
  try {
    return await seesChange(first, second);
  } catch {
    return false;
  } finally {
    await second.end();
  }
}

/** Lets one connection hold a session while the other one needs another, and then return it: most poolers lend the session that was returned last. */
async function seesChange(first: PostgresConnection, second: PostgresConnection): Promise<boolean> {
  const ofFirst = new Set([first.backend.pid, await pidOf(first)]);
  const ofSecond = new Set([second.backend.pid]);
  if (haveCommon(ofFirst, ofSecond)) return true;
  try {
    ofFirst.add(await pidOf(first, 'begin'));
    ofSecond.add(await pidOf(second));
  } finally {
    await first.run('rollback', [], { ...within(), isScript: true });
  }
  ofSecond.add(await pidOf(second));
  ofFirst.add(await pidOf(first));
  return ofFirst.size > 1 || ofSecond.size > 1 || haveCommon(ofFirst, ofSecond);
}

function haveCommon(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return [...a].some((pid) => b.has(pid));
}

async function pidOf(connection: PostgresConnection, begin?: string): Promise<number> {
  const { rows } = await connection.run('select pg_backend_pid()', [], { ...within(), begin });
  return Number(rows[0]?.text(0));
}

function within(): SendOptions {
  return { deadline: performance.now() + ANSWER_MS, onInterrupt: 'destroy', keepsSession: true };
}
