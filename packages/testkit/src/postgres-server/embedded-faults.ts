import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { executeProgram } from './execute-program.js';

const POLL_MS = 10;

/** Kills every process of the server at once. Its file of state is removed, so that it is not taken for that of the next start. */
export async function crash(data: string): Promise<void> {
  const pids = await signal(data, 'SIGKILL');
  while ((await runningProcesses()).some(({ pid }) => pids.includes(pid))) await sleep(POLL_MS);
  await rm(join(data, 'postmaster.pid'));
}

/** Sends a signal to every process of the server, and returns them. Each of them leads a process group of its own. */
export async function signal(data: string, name: 'SIGCONT' | 'SIGKILL' | 'SIGSTOP'): Promise<number[]> {
  const leader = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  // Standing still it starts no more of them, and those that it has stay its own.
  process.kill(leader, 'SIGSTOP');
  const children = (await runningProcesses()).filter(({ parent }) => parent === leader);
  const pids = [...children.map(({ pid }) => pid), leader];
  for (const pid of pids) send(pid, name);
  return pids;
}

interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
}

/** Without those that have ended and are only remembered. */
async function runningProcesses(): Promise<RunningProcess[]> {
  const table = await executeProgram('ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  return table.split('\n').flatMap((line) => {
    const [pid, parent, state = 'Z'] = line.trim().split(/\s+/);
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent) }];
  });
}

/** One that has just ended by itself is no error. */
function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
