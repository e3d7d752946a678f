import type { Driver, Statement } from '@sluice/core';
import { interceptedDriver } from './intercepted-driver.js';

/** A driver and the statements that were run through it. */
export interface RecordingDriver {
  /** The driver, for `openStorage`. */
  readonly driver: Driver;
  /** All statements so far, in the order in which the engine received them. Each attempt of a replayed transaction is included. */
  readonly statements: readonly Statement[];
  /** Removes all recorded statements. */
  clear(): void;
}

/**
 * Wraps a driver so that it records its statements.
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
