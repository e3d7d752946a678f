import { getPriority, setPriority } from 'node:os';

/** A nice value. A process may raise its nice value, and not lower it again. */
const LOW_PRIORITY = 15;

/**
 * Lowers the priority of this thread for the rest of its life. The reader of the largest table, which determines the total time, and a server
 * on the same machine run first. Only Linux has a priority for each thread (setpriority(2)); on other systems this does nothing, because the
 * priority is that of the whole process.
 */
export function lowerPriority(): void {
  if (process.platform === 'linux' && getPriority() < LOW_PRIORITY) setPriority(LOW_PRIORITY);
}
