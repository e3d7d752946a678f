import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from '@sluice/testkit/driver-tests';
import { afterAll } from 'vitest';
import { stop } from './own-process.js';

const cleanUps: (() => Promise<void> | void)[] = [];

afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** The version of the PgBouncer that is installed, such as `1.18`; `undefined` without one. */
export function pgbouncerVersion(): string | undefined {
  const { stdout, status } = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8' });
  return status === 0 ? /PgBouncer (\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

/** A PgBouncer of this test file's own. */
export interface OwnPgbouncer {
  /** The URL of the server through it. */
  readonly url: string;
  /** Ends it, and starts it again at the same address. */
  restart(signal: 'SIGKILL' | 'SIGQUIT'): Promise<void>;
  /** Stops it from answering, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

/** Puts a PgBouncer in transaction mode, with two connections, ahead of the server of `url`; gives the URL through it. */
export async function startPgbouncer(url: string, settings: readonly string[] = []): Promise<string> {
  return (await startOwnPgbouncer(url, settings)).url;
}

/** As {@link startPgbouncer}, for a test that makes it fail. */
export async function startOwnPgbouncer(
  url: string,
  settings: readonly string[] = [],
): Promise<OwnPgbouncer> {
  const server = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pgbouncer-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const [users, config, log] = ['users.txt', 'pgbouncer.ini', 'log'].map((name) => join(folder, name));
  if (users === undefined || config === undefined || log === undefined) throw new Error('no files');
  writeFileSync(users, `"${server.username}" "${decodeURIComponent(server.password)}"\n`);
  const lines = [
    '[databases]',
    `* = host=${server.hostname} port=${server.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${users}`,
    'pool_mode = transaction',
    'default_pool_size = 2',
    ...settings,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  writeFileSync(log, '');
  const startHere = async (): Promise<ChildProcess> => {
    const started = start(config, folder, [users, config, log, folder]);
    let output = '';
    started.stderr?.on('data', (data) => {
      output += String(data);
    });
    await until(async () => {
      if (started.exitCode !== null) throw new Error(`PgBouncer does not start: ${output}`);
      return listens(port);
    });
    return started;
  };
  let child = await startHere();
  cleanUps.push(() => stop(child, 'SIGKILL'));
  server.host = `127.0.0.1:${port}`;
  return {
    url: server.href,
    async restart(signal) {
      await stop(child, signal);
      child = await startHere();
    },
    signal: (signal) => void child.kill(signal),
  };
}

/** PgBouncer does not run as root. */
function start(config: string, cwd: string, files: readonly string[]): ChildProcess {
  const isRoot = process.getuid?.() === 0;
  const [uid, gid] = isRoot ? nobody() : [];
  if (uid !== undefined && gid !== undefined) for (const file of files) chownSync(file, uid, gid);
  const account = uid === undefined || gid === undefined ? {} : { uid, gid };
  return spawn('pgbouncer', [config], { ...account, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

function nobody(): [uid: number, gid: number] {
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return [Number(uid), Number(gid)];
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => socket.destroy()).on('error', () => resolve(false));
    socket.on('close', (hadError) => resolve(!hadError));
  });
}
