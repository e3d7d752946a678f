import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Ends a server at once and waits until it is gone. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGQUIT'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
