import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresSession } from '../postgres/session.js';

const LOCK = 'select pg_try_advisory_lock(727001, 1) as locked';
const LOCK_ATTEMPTS = 150;
const LOCK_PAUSE_MS = 200;

/** Held by every session that copies: whoever gets it alone knows that none of a killed transfer will commit any more. */
const COPY_LOCK = '727001, 2';

/** Keeps two transfers into one database apart; false when another one goes on. A killed one holds the lock until the server notices. */
export async function lockTarget(session: PostgresSession): Promise<boolean> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt += 1) {
    const [lock] = await session.query<{ locked: boolean }>(LOCK);
    if (lock?.locked === true) {
      await session.query(`select pg_advisory_lock(${COPY_LOCK}), pg_advisory_unlock(${COPY_LOCK})`);
      return true;
    }
    await sleep(LOCK_PAUSE_MS);
  }
  return false;
}

/** Says that `session` copies, until it ends. */
export async function lockForCopying(session: PostgresSession): Promise<void> {
  await session.query(`select pg_advisory_lock_shared(${COPY_LOCK})`);
}
