import { getPriority, setPriority } from 'node:os';

/** Nice values of a reader's thread, which may only go up. */
export const NICE = {
  /** A server on the same machine, or the running application, goes first. */
  reader: 10,
  /** So does the reader of the largest table, which decides when all is done. */
  givingWay: 15,
} as const;

/**
 * Lets others go before this thread, unless it does so already. Only Linux has a priority for each thread: elsewhere it is that of the
 * whole process (setpriority(2)), and is left as it is.
 */
export function beNice(nice: number): void {
  if (process.platform === 'linux' && getPriority() < nice) setPriority(nice);
}
