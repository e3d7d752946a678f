import type { Isolation } from '../contender.ts';

/** SQLSTATEs after which PostgreSQL expects the client to repeat the transaction: serialization failure and deadlock. */
const CONFLICTS = new Set(['40001', '40P01']);

/** Replays a transaction after each conflict, as every application must at SERIALIZABLE, and counts the replays. */
export class Replays {
  count = 0;

  async run<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!isConflict(error)) throw error;
        this.count += 1;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(100, 2 ** tries)));
      }
    }
  }
}

export function beginOf(isolation: Isolation): string {
  return `begin isolation level ${isolation}`;
}

/** Drivers and query builders wrap errors differently, and Prisma has its own code for a conflict. */
function isConflict(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && (CONFLICTS.has(String(at.code)) || at.code === 'P2034')) return true;
  }
  return false;
}
