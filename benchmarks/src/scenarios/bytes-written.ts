import { readFileSync } from 'node:fs';
import type { Scenario } from '../scenario.ts';
import { inFlightName, inFlightTitle } from './calls.ts';

const UPDATES = 2_000;
const RECENT_ROWS = 1_000;

/** What is written to files for each update of a row among the most recent, checkpoints included. Linux counts it for the whole process. */
export function bytesWritten(journal: 'delete' | 'wal', inFlight: number): Scenario {
  const kind = journal === 'wal' ? 'WAL' : 'rollback journal';
  return {
    name: `bytes-${journal}-${inFlightName(inFlight)}`,
    title: `bytes written per update, ${kind}, ${inFlightTitle(inFlight)}`,
    engine: 'sqlite',
    unit: 'bytes',
    isLowerBetter: true,
    target: { durability: 'full', journal },
    // The others leave it to SQLite as the reference does; Sluice knows no rollback journal.
    contenders: journal === 'wal' ? ['better-sqlite3', 'sluice'] : ['better-sqlite3'],
    measure: async (run) => {
      const updates = Math.max(100, Math.round(UPDATES * run.scale));
      let left = updates;
      const before = writtenBytes();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (left > 0) {
            left -= 1;
            await run.session.update(run.rows - run.random(RECENT_ROWS), run.random(65_536));
          }
        }),
      );
      // Closing brings what is still in the WAL into the file.
      await run.close();
      const value = (writtenBytes() - before) / updates;
      await run.open();
      return { value };
    },
  };
}

/**
 * Bytes that this process, all its threads included, has handed to the system to write. `write_bytes`, what was made dirty in the page cache,
 * would count whole folios, which are larger than what is written.
 */
function writtenBytes(): number {
  const accounts = readFileSync('/proc/self/io', 'utf8');
  const bytes = Number(/^wchar: (\d+)$/m.exec(accounts)?.[1] ?? Number.NaN);
  if (Number.isNaN(bytes)) throw new Error('the system keeps no account of what a process writes');
  return bytes;
}
