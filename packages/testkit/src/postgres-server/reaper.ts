import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** A process that outlives ours, however ours ends, and then removes the server we started. */
export interface Reaper {
  /** Removes the server now. Rejects when something of it may be left behind; called again, gives the same answer. */
  readonly reap: () => Promise<void>;
}

/**
 * Starts the reaper of a container (by its `label=value`) or of an embedded server (by its folder). Start it before the
 * server. It waits for the end of its standard input, which also comes when this process is killed.
 */
export function startReaper(duty: 'container' | 'folder', subject: string): Reaper {
  // Beside this file lies the program: as it was built or, when tests run the sources, as it was written.
  const program = fileURLToPath(new URL(`./reaper-program${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [program, duty, subject], {
    cwd: tmpdir(),
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['pipe', 'ignore', 'pipe'],
    windowsHide: true,
  });
  const ended = once(child, 'exit');
  const complaint = text(child.stderr);
  // A server nobody stopped must not keep our process alive.
  for (const handle of [child, child.stdin, child.stderr]) {
    if (handle === child || handle instanceof Socket) handle.unref();
  }
  const finish = async (): Promise<void> => {
    child.ref();
    child.stdin.end('stop');
    const [exitCode] = await ended;
    if (exitCode !== 0) throw new Error(`the test server may be left behind: ${(await complaint).trim()}`);
  };
  let finished: Promise<void> | undefined;
  return {
    reap: () => {
      finished ??= finish();
      return finished;
    },
  };
}
