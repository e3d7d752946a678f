import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresSession } from '../postgres/session.js';

const TRY_LOCK = 'select pg_try_advisory_lock(727001, 1) as locked';
const LOCK_ATTEMPTS = 150;
const LOCK_PAUSE_MS = 200;

/** Every session that copies holds this lock in shared mode. Who gets it in exclusive mode knows that no session of a killed transfer can still commit. */
const COPY_LOCK = '727001, 2';

/**
 * Locks the target against other transfers; returns false when another one is running. It retries for some time, because the server may
 * take a while to notice that a killed transfer is gone.
 */
export async function lockTarget(session: PostgresSession): Promise<boolean> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt += 1) {
    const [lock] = await session.query<{ locked: boolean }>(TRY_LOCK);
    if (lock?.locked === true) {
      await session.query(`select pg_advisory_lock(${COPY_LOCK}), pg_advisory_unlock(${COPY_LOCK})`);
      return true;
    }
    await sleep(LOCK_PAUSE_MS);
  }
  return false;
}

/** Takes the shared lock of sessions that copy, until `session` ends. */
export async function lockForCopying(session: PostgresSession): Promise<void> {
  await session.query(`select pg_advisory_lock_shared(${COPY_LOCK})`);
}
