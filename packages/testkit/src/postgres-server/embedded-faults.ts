import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { executeProgram } from './execute-program.js';

const POLL_MS = 10;

/** Kills all processes of the server at once. Removes its pid file, because the next start must not read the old one. */
export async function crash(data: string): Promise<void> {
  const pids = await signal(data, 'SIGKILL');
  while ((await runningProcesses()).some(({ pid }) => pids.includes(pid))) await sleep(POLL_MS);
  await rm(join(data, 'postmaster.pid'));
}

/** Sends a signal to all processes of the server and returns their ids. Each of them leads its own process group. */
export async function signal(data: string, name: 'SIGCONT' | 'SIGKILL' | 'SIGSTOP'): Promise<number[]> {
  const leader = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  // A stopped postmaster starts no more processes, and keeps the existing ones as its children.
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

/** Lists the processes, without zombies. */
async function runningProcesses(): Promise<RunningProcess[]> {
  const table = await executeProgram('ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  return table.split('\n').flatMap((line) => {
    const [pid, parent, state = 'Z'] = line.trim().split(/\s+/);
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent) }];
  });
}

/** A process that has just ended by itself causes no error. */
function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
