import { linkSync, rmSync } from 'node:fs';
import type { ThreadConnection } from '../thread/thread-connection.js';
import { toFailure } from '../thread/thread-failure.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { Outcome } from '../thread/thread-protocol.js';
import { DONE } from '../thread/thread-server.js';

/** Pages copied between two looks at whether the copy is still wanted. */
const PAGES_PER_STEP = 1000;

class Cancelled extends Error {}

/**
 * Copies the database as of one moment. The transaction held open keeps that moment: without it SQLite would start the copy over each
 * time somebody writes. The copy gets its name once it is whole, and never takes that of another file.
 */
export async function backUp(
  connection: ThreadConnection,
  flags: ThreadFlags,
  path: string,
): Promise<Outcome> {
  const partial = `${path}.partial-${process.pid}`;
  try {
    connection.control('begin');
    connection.refreshSchema();
    await connection.backup(partial, PAGES_PER_STEP, () => {
      if (flags.isCancelled(0)) throw new Cancelled();
    });
    linkSync(partial, path);
    return DONE;
  } catch (error) {
    return error instanceof Cancelled
      ? { kind: 'dropped' }
      : { kind: 'failure', failure: toFailure(error, 'run') };
  } finally {
    connection.rollback();
    rmSync(partial, { force: true });
  }
}
