// A separate program that reaper.ts starts. It imports only packages, so that Node can run the source file directly.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a server may take to end before it is killed, in milliseconds. */
const TERMINATION_TIMEOUT_MS = 5_000;

// Ignore Ctrl-C and a closed terminal: they end the tests, and the reaper must still clean up after them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const [duty, subject] = process.argv.slice(2);
if (subject === undefined) throw new Error('usage: reaper-program container LABEL=VALUE | folder PATH');
const isOrderly = (await input()) === 'stop';
await remove(subject);
if (!isOrderly) {
  // The parent may have been killed while it started the server, and that start may still be in progress.
  await sleep(TERMINATION_TIMEOUT_MS);
  await remove(subject);
}

/** Reads everything that the parent writes before it closes the pipe or ends. */
async function input(): Promise<string> {
  return text(process.stdin).catch(() => '');
}

async function remove(what: string): Promise<void> {
  await (duty === 'container' ? removeContainer(what) : removeFolder(what));
}

async function removeContainer(label: string): Promise<void> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  const { dockerode } = (await getContainerRuntimeClient()).container;
  for (const { Id } of await dockerode.listContainers({ all: true, filters: { label: [label] } })) {
    await dockerode.getContainer(Id).remove({ force: true, v: true });
  }
}

async function removeFolder(folder: string): Promise<void> {
  const pid = await postmasterPid(folder);
  if (pid !== undefined) await endProcess(pid);
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

async function postmasterPid(folder: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10);
  } catch {
    return undefined;
  }
}

// SIGQUIT is PostgreSQL's immediate shutdown, because this data is not needed again.
async function endProcess(pid: number): Promise<void> {
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    if (!signalProcess(pid, signal)) return;
    const deadline = Date.now() + TERMINATION_TIMEOUT_MS;
    while (Date.now() < deadline) {
      if (!signalProcess(pid, 0)) return;
      await sleep(10);
    }
  }
}

/** Returns whether the process still existed. */
function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
