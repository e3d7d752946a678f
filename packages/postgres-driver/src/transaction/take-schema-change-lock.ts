import { setTimeout } from 'node:timers/promises';
import type { ExecuteOptions } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import { SCHEMA_CHANGE_LOCK } from '../schema/schema-change-lock.js';

const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 250;

/**
 * Takes the schema-change lock, for the transaction or for the session, once it is free. Until then it asks again and again, with growing pauses, up to 250 ms. A
 * statement that waits for the lock would hold a snapshot, and the holder's CREATE INDEX CONCURRENTLY waits for the end of all snapshots. For the same reason it
 * asks by the simple protocol: the unnamed portal of the extended one keeps its snapshot until the next statement.
 *
 * @param begin a BEGIN that is sent before the first question.
 * @throws what the deadline or the signal makes of it: TimeoutError, AbortedError.
 */
export async function takeSchemaChangeLock(
  connection: PostgresConnection,
  owner: 'session' | 'transaction',
  options: ExecuteOptions,
  begin?: string,
): Promise<void> {
  const ask = `select ${owner === 'session' ? 'pg_try_advisory_lock' : 'pg_try_advisory_xact_lock'}(${SCHEMA_CHANGE_LOCK})`;
  for (let count = 0; ; count += 1) {
    const how = { ...options, isScript: true, keepsSession: owner === 'transaction' };
    const { rows } = await connection.run(ask, [], count === 0 ? { ...how, begin } : how);
    if (rows[0]?.text(0) !== 'f') return;
    await pause(count, options);
  }
}

/** Ends early at the deadline and when the signal is aborted: the next question then throws. */
async function pause(
  count: number,
  { deadline = Number.POSITIVE_INFINITY, signal }: ExecuteOptions,
): Promise<void> {
  const ms = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** count) * (0.5 + Math.random() / 2);
  const leftMs = Math.max(0, deadline - performance.now());
  await setTimeout(Math.min(ms, leftMs), undefined, { signal }).catch(() => {});
}
