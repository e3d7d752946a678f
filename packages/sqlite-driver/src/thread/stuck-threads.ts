import { existsSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';

/** Threads that are in SQLite and do not return. Node waits for every thread when the process ends, so it would never end. */
const stuck = new Set<object>();

const SHELL = '/bin/sh';

let uncaught: unknown;

/** Makes the process end although `thread` does not. The returned function takes that back. */
export function noteStuck(thread: object): () => void {
  if (!isMainThread) return () => {};
  if (stuck.size === 0) {
    process.on('exit', endProcess);
    process.on('uncaughtExceptionMonitor', noteUncaught);
  }
  stuck.add(thread);
  return () => {
    if (!stuck.delete(thread) || stuck.size > 0) return;
    process.off('exit', endProcess);
    process.off('uncaughtExceptionMonitor', noteUncaught);
  };
}

function noteUncaught(error: unknown): void {
  if (process.listenerCount('uncaughtException') === 0) uncaught = error;
}

/**
 * Replaces this process by a shell that ends with its exit code, which needs no thread to end. Where that is not possible it kills this process.
 * Listeners that were added after this one run before.
 */
function endProcess(this: NodeJS.Process, code: number): void {
  const listeners = process.listeners('exit');
  for (const listener of listeners.slice(listeners.indexOf(endProcess) + 1)) listener.call(process, code);
  // Node prints it after the listeners.
  if (uncaught !== undefined) writeSync(2, `${inspect(uncaught)}\n`);
  const exitCode = Number(process.exitCode ?? code);
  if (typeof process.execve === 'function' && existsSync(SHELL))
    process.execve(SHELL, ['sh', '-c', `exit ${exitCode}`], {});
  writeSync(
    2,
    `The process is killed instead of ending with exit code ${exitCode}: a thread is in SQLite and does not return.\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}
