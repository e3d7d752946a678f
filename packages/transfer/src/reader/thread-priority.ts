import { getPriority, setPriority } from 'node:os';

/** As a nice value, which may only go up. */
const GIVING_WAY = 15;

/**
 * Lets others go before this thread from now on: the reader of the largest table, which decides when all is done, and a server on the same
 * machine, which stores it. Only Linux has a priority for each thread; elsewhere it is that of the whole process (setpriority(2)), and is left
 * as it is.
 */
export function giveWay(): void {
  if (process.platform === 'linux' && getPriority() < GIVING_WAY) setPriority(GIVING_WAY);
}
