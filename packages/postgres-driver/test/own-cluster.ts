import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { startTcpRelay, type TcpRelay } from '@sluice/testkit';
import { freePort, until } from '@sluice/testkit/driver-tests';

/** One server of the cluster, and its Patroni. Faults last until {@link Member.heal}. */
export interface Member {
  readonly name: string;
  /** Kills the server's first process, and with it all others, as a crash does. Patroni stays. */
  kill(): void;
  /** Stops all processes, Patroni included; {@link Member.heal} kills them, and starts Patroni again. */
  pause(): void;
  /** Keeps everything from it and to it: the server's connections, Patroni's, and those to etcd. */
  isolate(): void;
  heal(): void;
}

/** Three members with synchronous replication, and a HAProxy that leads to the primary. */
export interface Cluster extends AsyncDisposable {
  /** All members' addresses. */
  readonly url: string;
  /** HAProxy's address. */
  readonly proxyUrl: string;
  /** The member that is the primary by what the others say; `undefined` while there is none. */
  primary(): Promise<Member | undefined>;
  /** Resolves when there is a primary and both others follow it, one of them synchronously. */
  untilReady(): Promise<void>;
}

const PROGRAMS = ['patroni', 'etcd', 'haproxy', 'initdb'] as const;
const NAMES = ['n1', 'n2', 'n3'] as const;

/** How long replicas have to follow before they are made anew. */
const REMAKE_MS = 60_000;

/** The places of the programs: on PATH, and where Debian puts them. */
const FOLDERS: readonly string[] = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  ...debianFolders(),
];

/** The programs that a cluster needs and that are not installed. */
export function missingPrograms(): readonly string[] {
  return PROGRAMS.filter((name) => findProgram(name) === undefined);
}

function debianFolders(): string[] {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
}

function findProgram(name: string): string | undefined {
  // A link elsewhere may be of another installation that has no `pg_rewind`.
  const isServer = name === 'initdb';
  const folders = isServer ? FOLDERS.filter((folder) => existsSync(join(folder, 'pg_rewind'))) : FOLDERS;
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function program(name: (typeof PROGRAMS)[number]): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/** Starts the cluster in a folder of its own, on free ports. */
export async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const cluster = new OwnCluster(folder);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

class OwnCluster implements Cluster {
  url = '';
  proxyUrl = '';
  readonly #folder: string;
  readonly #account = serverAccount();
  readonly #processes: ChildProcess[] = [];
  #members: readonly OwnMember[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const { uid, gid } = this.#account;
    if (uid !== undefined && gid !== undefined) chownSync(this.#folder, uid, gid);
    const etcdPort = await this.#startEtcd();
    this.#members = await Promise.all(NAMES.map((name) => this.#prepareMember(name, etcdPort)));
    for (const member of this.#members) {
      member.spawnPatroni = () => this.#spawn(member.name, program('patroni'), [member.configFile]);
      member.patroni = member.spawnPatroni();
    }
    const proxyPort = await this.#startProxy();
    const hosts = this.#members.map(({ relay }) => `127.0.0.1:${relay.port}`).join(',');
    this.url = `postgres://postgres:pw@${hosts}/postgres`;
    this.proxyUrl = `postgres://postgres:pw@127.0.0.1:${proxyPort}/postgres`;
    await this.untilReady();
  }

  async primary(): Promise<Member | undefined> {
    const leader = (await this.#status()).find(({ role }) => role === 'leader');
    return this.#members.find(({ name }) => name === leader?.name);
  }

  async untilReady(): Promise<void> {
    let remakeAt = performance.now() + REMAKE_MS;
    await until(async () => {
      const status = await this.#status();
      if (performance.now() > remakeAt) {
        await this.#remakeReplicas(status);
        remakeAt += REMAKE_MS;
      }
      const isFollowing =
        status.filter(({ state }) => state === 'running' || state === 'streaming').length === 3;
      const has = (role: string): boolean => status.some((member) => member.role === role);
      const answers = await Promise.all(this.#members.map(({ restPort }) => isOk(restPort, 'health')));
      return isFollowing && has('leader') && has('sync_standby') && answers.every(Boolean);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members) {
      member.spawnPatroni = undefined;
      member.heal();
    }
    for (const { patroni } of this.#members) signalGroup(patroni, 'SIGKILL');
    for (const member of this.#members) member.killServer();
    for (const child of this.#processes) signalGroup(child, 'SIGKILL');
    for (const { relay, restRelay, etcdRelay } of this.#members)
      await Promise.all([relay.close(), restRelay.close(), etcdRelay.close()]);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** After many failovers a member may wait for a timeline that nobody has any more, which Patroni leaves to its operator. */
  async #remakeReplicas(status: readonly MemberStatus[]): Promise<void> {
    const lost = status.filter(({ role, state }) => role === 'replica' && state !== 'creating replica');
    for (const { restPort } of this.#members.filter(({ name }) => lost.some((each) => each.name === name)))
      await fetch(`http://127.0.0.1:${restPort}/reinitialize`, {
        method: 'POST',
        body: JSON.stringify({ force: true }),
        signal: AbortSignal.timeout(5000),
      }).catch(() => {}); // One that does not answer now is asked again.
  }

  /** What the first member says that answers and that sees etcd. */
  async #status(): Promise<readonly MemberStatus[]> {
    const healthy = this.#members.filter(({ isHealthy }) => isHealthy);
    for (const { restPort } of healthy) {
      const signal = AbortSignal.timeout(1000);
      const found = await fetch(`http://127.0.0.1:${restPort}/cluster`, { signal })
        .then((response) => response.json() as Promise<{ readonly members: readonly MemberStatus[] }>)
        .catch(() => undefined);
      if (found !== undefined) return found.members;
    }
    return [];
  }

  async #startEtcd(): Promise<number> {
    const [client, peer] = [await freePort(), await freePort()];
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
    this.#spawn('etcd', program('etcd'), [
      ...['--data-dir', join(this.#folder, 'etcd')],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `default=${peerUrl}`],
    ]);
    await until(() => isOk(client, 'health'));
    return client;
  }

  async #startProxy(): Promise<number> {
    const port = await freePort();
    const servers = this.#members.map(
      ({ name, relay, restRelay }) => `  server ${name} 127.0.0.1:${relay.port} check port ${restRelay.port}`,
    );
    const lines = [
      'defaults',
      '  mode tcp',
      '  timeout connect 2s',
      '  timeout client 1h',
      '  timeout server 1h',
      'listen primary',
      `  bind 127.0.0.1:${port}`,
      '  option httpchk OPTIONS /primary',
      '  http-check expect status 200',
      '  timeout check 1s',
      '  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions',
      ...servers,
    ];
    const file = join(this.#folder, 'haproxy.cfg');
    writeFileSync(file, `${lines.join('\n')}\n`);
    this.#spawn('haproxy', program('haproxy'), ['-db', '-f', file]);
    return port;
  }

  async #prepareMember(name: string, etcdPort: number): Promise<OwnMember> {
    const [port, restPort] = [await freePort(), await freePort()];
    const relays = await Promise.all(
      [port, restPort, etcdPort].map((target) => startTcpRelay({ port: target })),
    );
    const [relay, restRelay, etcdRelay] = relays;
    if (relay === undefined || restRelay === undefined || etcdRelay === undefined)
      throw new Error('no relays');
    const data = join(this.#folder, name);
    mkdirSync(data, { mode: 0o700 });
    const configFile = join(this.#folder, `${name}.json`);
    const ports = { port, restPort, relay: relay.port, restRelay: restRelay.port, etcdRelay: etcdRelay.port };
    // YAML includes JSON.
    writeFileSync(configFile, JSON.stringify(patroniConfig(name, data, this.#folder, ports)));
    const { uid, gid } = this.#account;
    if (uid !== undefined && gid !== undefined)
      for (const path of [data, configFile]) chownSync(path, uid, gid);
    return new OwnMember({ name, data, configFile, restPort, relay, restRelay, etcdRelay });
  }

  #spawn(name: string, path: string, flags: readonly string[]): ChildProcess {
    const output = openSync(join(this.#folder, `${name}.log`), 'a');
    const child = spawn(path, flags, {
      ...this.#account,
      cwd: this.#folder,
      detached: true,
      stdio: ['ignore', output, output],
      env: { PATH: '/usr/bin:/bin', HOME: this.#folder, LC_ALL: 'C.UTF-8' },
    });
    this.#processes.push(child);
    return child;
  }
}

interface MemberStatus {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

interface MemberParts {
  readonly name: string;
  readonly data: string;
  readonly configFile: string;
  readonly restPort: number;
  /** What leads to the server, to its Patroni, and from that to etcd. */
  readonly relay: TcpRelay;
  readonly restRelay: TcpRelay;
  readonly etcdRelay: TcpRelay;
}

class OwnMember implements Member {
  readonly name: string;
  readonly configFile: string;
  readonly restPort: number;
  readonly relay: TcpRelay;
  readonly restRelay: TcpRelay;
  readonly etcdRelay: TcpRelay;
  patroni: ChildProcess | undefined;
  spawnPatroni: (() => ChildProcess) | undefined;
  isHealthy = true;
  readonly #data: string;
  #paused: readonly number[] = [];

  constructor({ data, ...parts }: MemberParts) {
    this.name = parts.name;
    this.configFile = parts.configFile;
    this.restPort = parts.restPort;
    this.relay = parts.relay;
    this.restRelay = parts.restRelay;
    this.etcdRelay = parts.etcdRelay;
    this.#data = data;
  }

  kill(): void {
    this.isHealthy = false;
    this.killServer();
  }

  killServer(): void {
    for (const pid of this.#serverProcesses()) signal(pid, 'SIGKILL');
  }

  pause(): void {
    this.isHealthy = false;
    signalGroup(this.patroni, 'SIGSTOP');
    this.#paused = this.#serverProcesses();
    for (const pid of this.#paused) signal(pid, 'SIGSTOP');
  }

  isolate(): void {
    this.isHealthy = false;
    for (const relay of [this.relay, this.restRelay, this.etcdRelay]) relay.pause();
  }

  heal(): void {
    this.isHealthy = true;
    for (const relay of [this.relay, this.restRelay, this.etcdRelay]) {
      // What was under way is lost, as with packets that nobody sends again.
      relay.cut();
      relay.resume();
    }
    if (this.#paused.length > 0) this.#restart();
  }

  /** Plays the watchdog's part, without which Patroni is not safe against a pause: what was stopped for longer than its lock lasts does not go on. */
  #restart(): void {
    signalGroup(this.patroni, 'SIGKILL');
    for (const pid of this.#paused) signal(pid, 'SIGKILL');
    this.#paused = [];
    this.patroni = this.spawnPatroni?.();
  }

  /** The first process and its children; none while the server does not run. */
  #serverProcesses(): readonly number[] {
    const file = join(this.#data, 'data', 'postmaster.pid');
    if (!existsSync(file)) return [];
    const first = Number(readFileSync(file, 'utf8').split('\n')[0]);
    signal(first, 'SIGSTOP');
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
    const children = table.split('\n').flatMap((line) => {
      const [pid, parent] = line.trim().split(/\s+/);
      return Number(parent) === first ? [Number(pid)] : [];
    });
    return [...children, first];
  }
}

interface Ports {
  readonly port: number;
  readonly restPort: number;
  readonly relay: number;
  readonly restRelay: number;
  readonly etcdRelay: number;
}

/** The times are the shortest that Patroni's rule allows: `loop_wait + 2 × retry_timeout ≤ ttl`. */
function patroniConfig(name: string, data: string, folder: string, ports: Ports): unknown {
  const parameters = { unix_socket_directories: folder, shared_buffers: '32MB', max_connections: 60 };
  return {
    scope: 'sluice',
    name,
    restapi: { listen: `127.0.0.1:${ports.restPort}`, connect_address: `127.0.0.1:${ports.restRelay}` },
    // As a proxy, so that it is not asked for the address of etcd itself.
    etcd3: { host: `127.0.0.1:${ports.etcdRelay}`, use_proxies: true },
    bootstrap: {
      dcs: {
        ttl: 8,
        loop_wait: 1,
        retry_timeout: 3,
        synchronous_mode: true,
        primary_start_timeout: 0,
        postgresql: { use_pg_rewind: true, parameters: { hot_standby: 'on', max_connections: 60 } },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums'],
    },
    postgresql: {
      listen: `127.0.0.1:${ports.port}`,
      connect_address: `127.0.0.1:${ports.relay}`,
      data_dir: join(data, 'data'),
      bin_dir: join(program('initdb'), '..'),
      pgpass: join(data, 'pgpass'),
      authentication: {
        superuser: { username: 'postgres', password: 'pw' },
        replication: { username: 'repl', password: 'pw' },
      },
      parameters,
      pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication repl 127.0.0.1/32 scram-sha-256'],
      basebackup: [{ checkpoint: 'fast' }],
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
    },
  };
}

/** A server does not run as root. */
function serverAccount(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
  );
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}

function isOk(port: number, path: string): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/${path}`, { signal: AbortSignal.timeout(1000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function signalGroup(child: ChildProcess | undefined, name: NodeJS.Signals): void {
  if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null)
    signal(-child.pid, name);
}

/** A process that has just ended by itself causes no error. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
