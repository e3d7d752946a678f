import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** A process that lives longer than ours, even if ours is killed, and then removes the server that we started. */
export interface Reaper {
  /** Removes the server now. Rejects if a part of it may remain. A second call returns the same promise. */
  readonly reap: () => Promise<void>;
}

/**
 * Starts the reaper of a container (`subject` is its `label=value`) or of an embedded server (`subject` is its folder). Start it before the
 * server. It waits for the end of its standard input, which also ends when this process is killed.
 */
export function startReaper(duty: 'container' | 'folder', subject: string): Reaper {
  // The program is beside this file: a built file, or a source file when tests run the sources.
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
  // A server that is not stopped must not keep our process alive.
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
