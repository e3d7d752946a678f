import type { Driver, Statement } from '@sluice/core';
import { interceptedDriver } from './intercepted-driver.js';

/** Where a fault strikes. */
export interface Fault {
  /** The statements it strikes. Default: every statement. `commit` strikes the COMMIT of a transaction. */
  readonly at?: 'commit' | ((statement: Statement) => boolean);
  /** How many times. Default 1. */
  readonly times?: number;
  /** Thrown in place of what was to be run. Default: nothing is thrown. */
  readonly error?: Error;
  /** How long it is held up before that, in milliseconds. Default 0. */
  readonly delayMs?: number;
}

/** A driver, and what makes it fail. */
export interface FaultyDriver {
  /** For `openStorage`. */
  readonly driver: Driver;
  /** Adds a fault. Of several that fit, the one added first strikes. */
  inject(fault: Fault): void;
  /** Takes back what has not struck yet. */
  clear(): void;
}

/**
 * A driver that fails when a test wants it to. A ConflictError is replayed like a real one; a CommitUnknownError is not.
 *
 * @example
 * const faulty = faultyDriver(sqlite());
 * faulty.inject({ at: 'commit', error: new ConflictError('busy', 'made up') });
 */
export function faultyDriver(driver: Driver): FaultyDriver {
  const faults: { readonly fault: Fault; left: number }[] = [];
  const strike = async (fits: (fault: Fault) => boolean): Promise<void> => {
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
        strike(({ at = () => true }) => typeof at === 'function' && at(statement)),
      beforeCommit: () => strike(({ at }) => at === 'commit'),
    }),
    inject: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    clear: () => {
      faults.length = 0;
    },
  };
}
