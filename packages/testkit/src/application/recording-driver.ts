import type { Driver, Statement } from '@sluice/core';
import { interceptedDriver } from './intercepted-driver.js';

/** A driver, and what was run through it. */
export interface RecordingDriver {
  /** For `openStorage`. */
  readonly driver: Driver;
  /** Every statement so far, in the order they were handed to the engine; those of attempts that were replayed count again. */
  readonly statements: readonly Statement[];
  /** Forgets them. */
  clear(): void;
}

/**
 * Records the statements of a storage.
 *
 * @example
 * const recording = recordingDriver(sqlite());
 * const storage = await openStorage({ url, drivers: [recording.driver] });
 * await storage.repository('media', { key: 'slug' }).get('a');
 * expect(recording.statements).toHaveLength(1);
 */
export function recordingDriver(driver: Driver): RecordingDriver {
  const statements: Statement[] = [];
  return {
    driver: interceptedDriver(driver, { beforeStatement: (statement) => void statements.push(statement) }),
    statements,
    clear: () => {
      statements.length = 0;
    },
  };
}
