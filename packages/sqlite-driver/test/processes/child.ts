import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of its own that writes one line for each thing it did. */
export interface Child {
  readonly process: ChildProcess;
  /** The lines so far. */
  readonly lines: string[];
  /** Resolves with the exit code once it has ended. */
  readonly ended: Promise<number | null>;
}

/** Starts a script of this folder on the Node that runs the tests. */
export function startChild(script: string, ...parameters: string[]): Child {
  return startChildAs({}, script, ...parameters);
}

/** Starts a script as another user, or in another environment. */
export function startChildAs(
  identity: { readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv },
  script: string,
  ...parameters: string[]
): Child {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...parameters], {
    ...identity,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { process: child, lines, ended: new Promise((resolve) => child.once('close', resolve)) };
}
