import { readFileSync } from 'node:fs';
import type { Scenario } from '../scenario.ts';
import { inFlightName, inFlightTitle } from './calls.ts';

const UPDATES = 2_000;
const RECENT_ROWS = 1_000;

/**
 * Measures the bytes that are written to files for each update of a recent row, including checkpoints. Linux counts them for the whole
 * process.
 */
export function bytesWritten(journal: 'delete' | 'wal', inFlight: number): Scenario {
  const kind = journal === 'wal' ? 'WAL' : 'rollback journal';
  return {
    name: `bytes-${journal}-${inFlightName(inFlight)}`,
    title: `bytes written per update, ${kind}, ${inFlightTitle(inFlight)}`,
    engine: 'sqlite',
    unit: 'bytes',
    isLowerBetter: true,
    target: { durability: 'full', journal },
    // The other contenders use SQLite's journal as the reference does, and Sluice has no rollback journal.
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
      // Closing copies the rest of the WAL into the file.
      await run.close();
      const value = (writtenBytes() - before) / updates;
      await run.open();
      return { value };
    },
  };
}

/**
 * Returns the bytes that all threads of this process have passed to write calls. `write_bytes` counts whole dirty folios of the page cache,
 * which are larger than the written data.
 */
function writtenBytes(): number {
  const accounts = readFileSync('/proc/self/io', 'utf8');
  const bytes = Number(/^wchar: (\d+)$/m.exec(accounts)?.[1] ?? Number.NaN);
  if (Number.isNaN(bytes)) throw new Error('the system keeps no account of what a process writes');
  return bytes;
}
