import type { Driver, Statement } from '@sluice/core';
import { interceptedDriver } from './intercepted-driver.js';

/** A fault that a test injects into a driver. */
export interface Fault {
  /** The statements to which it applies. Default: every statement. `commit` selects the COMMIT of a transaction. */
  readonly at?: 'commit' | ((statement: Statement) => boolean);
  /** How many times the fault occurs. Default 1. */
  readonly times?: number;
  /** The error that is thrown instead of running the statement. Default: none; the statement only waits for `delayMs`. */
  readonly error?: Error;
  /** How long the statement is delayed first, in milliseconds. Default 0. */
  readonly delayMs?: number;
}

/** A driver and the controls of its faults. */
export interface FaultyDriver {
  /** The driver, for `openStorage`. */
  readonly driver: Driver;
  /** Adds a fault. If several faults match a statement, the one that was added first is used. */
  inject(fault: Fault): void;
  /** Removes all faults that have not occurred yet. */
  clear(): void;
}

/**
 * Wraps a driver so that it fails where a test injects a fault. A ConflictError is replayed like a real one; a CommitUnknownError is not.
 *
 * @example
 * const faulty = faultyDriver(sqlite());
 * faulty.inject({ at: 'commit', error: new ConflictError('busy', 'made up') });
 */
export function faultyDriver(driver: Driver): FaultyDriver {
  const faults: { readonly fault: Fault; left: number }[] = [];
  const applyFault = async (fits: (fault: Fault) => boolean): Promise<void> => {
    const found = faults.find(({ fault, left }) => left > 0 && fits(fault));
    if (found === undefined) return;
    found.left -= 1;
    const { delayMs = 0, error } = found.fault;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (error !== undefined) throw error;
  };
  return {
    driver: interceptedDriver(driver, {
      beforeStatement: (statement) =>
        applyFault(({ at = () => true }) => typeof at === 'function' && at(statement)),
      beforeCommit: () => applyFault(({ at }) => at === 'commit'),
    }),
    inject: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    clear: () => {
      faults.length = 0;
    },
  };
}
