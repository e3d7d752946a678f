// `node benchmarks/transfer/run.mjs [--accounts 200000] [--rounds 3] [--only 1,2,7]`: transfers one generated file with psql, pgloader and
// Sluice in turns, and prints the ratios. It needs a build, psql and pgloader (both in Debian), and a server whose role may create
// databases, named by SLUICE_BENCH_POSTGRES_URL. It continues on the installed Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
if (Number(process.versions.node.split('.')[0]) < 22) {
  const node = join(root, 'node_modules/node/bin/node');
  const { status } = spawnSync(node, process.argv.slice(1), { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const server = process.env.SLUICE_BENCH_POSTGRES_URL;
if (server === undefined) fail('Set SLUICE_BENCH_POSTGRES_URL to a server whose role may create databases.');
for (const tool of ['psql', 'pgloader']) {
  if (spawnSync(tool, ['--version']).error)
    fail(`${tool} is not installed: apt-get install postgresql-client pgloader`);
}

const postmaster = spawnChecked('psql', [
  '-At',
  '-c',
  "select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)",
  server,
]);
const accounts = Number(option('--accounts') ?? 200_000);
const rounds = Number(option('--rounds') ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-transfer-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// Uses the package's own dependency, so that this benchmark needs no installation of its own.
const require = createRequire(join(root, 'packages/transfer/package.json'));
const sqlitePath = require.resolve('better-sqlite3');
const { generate } = await importWith(sqlitePath);
const source = join(folder, 'source.db');
const { rows, bytes } = generate(source, accounts);
console.log(
  `${rows.toLocaleString('en')} rows, ${Math.round(bytes / 1e6)} MB, ${cpus().length} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
);

const sluice = join(root, 'packages/cli/bin/sluice.js');
const planPath = join(folder, 'plan.json');
const barePath = join(folder, 'bare.json');
await prepare();

const contenders = {
  'psql \\copy of ready binary files (the limit)': limit,
  'sluice, the same: rows alone, not verified': () =>
    move(['--plan', barePath, '--no-verify', '--no-analyze']),
  'sluice, rows and statistics, not verified': () => move(['--plan', barePath, '--no-verify']),
  'sluice, with keys and indexes, not verified': () => move(['--plan', planPath, '--no-verify']),
  'sluice, with keys and indexes, verified': () => move(['--plan', planPath]),
  'sluice, audited first, with keys and indexes, verified': () => move([]),
  'pgloader, with keys and indexes': pgloader,
};
const only = option('--only')?.split(',');
for (const [index, name] of Object.keys(contenders).entries())
  if (only !== undefined && !only.includes(String(index + 1))) delete contenders[name];
const results = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 1; round <= rounds; round += 1) {
  for (const [name, run] of Object.entries(contenders)) results[name].push(await run());
}
report();

/** Creates the plan, the same plan without keys and indexes, and the binary files that psql copies. */
async function prepare() {
  const url = createDatabase('plan');
  spawnChecked(
    process.execPath,
    [sluice, 'transfer', source, 'env:TARGET', '--dry-run', '--plan', planPath],
    url,
  );
  const plan = JSON.parse(readFileSync(planPath, 'utf8'));
  const bare = {
    ...plan,
    statements: [],
    tables: plan.tables.map((table) => ({
      ...table,
      statements: [],
      columns: table.columns.map((column) => ({ ...column, identityNext: null })),
    })),
  };
  writeFileSync(barePath, JSON.stringify(bare));
  // A changed plan is checked against the rows again, unless a dry run has checked it.
  spawnChecked(
    process.execPath,
    [sluice, 'transfer', source, 'env:TARGET', '--dry-run', '--plan', barePath],
    url,
  );
  spawnChecked(
    process.execPath,
    [sluice, 'transfer', source, 'env:TARGET', '--plan', barePath, '--no-verify'],
    url,
  );
  for (const table of ['account', 'event', 'tag'])
    psql(url, `\\copy ${table} to '${join(folder, table)}' (format binary)`);
  const schema = spawnChecked('pg_dump', ['--schema-only', '--no-owner', '--schema=public', url], url);
  writeFileSync(join(folder, 'schema.sql'), schema.replace(/^CREATE SCHEMA.*$/m, ''));
}

async function limit() {
  const url = createDatabase('limit');
  psqlFile(url, join(folder, 'schema.sql'));
  const copies = ['account', 'event', 'tag'].flatMap((table) => [
    `begin; truncate public.${table};`,
    `\\copy public.${table} from '${join(folder, table)}' (format binary, freeze)`,
    'commit;',
  ]);
  writeFileSync(join(folder, 'copy.sql'), `${copies.join('\n')}\n`);
  return measure('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', join(folder, 'copy.sql'), url], url);
}

function move(args) {
  return measure(
    process.execPath,
    [sluice, 'transfer', source, 'env:TARGET', '--json', ...args],
    createDatabase('sluice'),
  );
}

function pgloader() {
  const url = createDatabase('pgloader');
  return measure(
    'pgloader',
    ['--quiet', `sqlite://${source}`, url.replace('postgres://', 'postgresql://')],
    url,
  );
}

/**
 * Measures the elapsed seconds, the CPU seconds of the tool and of the server (which do not depend on other work of the machine), and the
 * peak memory in MB.
 */
function measure(command, args, url) {
  return new Promise((resolve) => {
    const from = performance.now();
    const serverFrom = serverCpu();
    const child = spawn(command, args, {
      env: { ...process.env, TARGET: url },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let memory = 0;
    let cpu = 0;
    let err = '';
    child.stderr.on('data', (data) => {
      err += data;
    });
    const timer = setInterval(() => {
      memory = Math.max(memory, peakOf(child.pid));
      cpu = cpuOf(child.pid).own || cpu;
    }, 50);
    child.on('close', (code) => {
      clearInterval(timer);
      if (code !== 0) fail(`${command} ended with ${code}: ${err}`);
      resolve({ seconds: (performance.now() - from) / 1000, memory, cpu, server: serverCpu() - serverFrom });
    });
  });
}

function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Returns the CPU seconds of a process and its ended children. Linux only (proc_pid_stat(5), fields 14 to 17, in hundredths). */
function cpuOf(pid) {
  try {
    const [, fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system, childUser, childSystem] = fields.split(' ').slice(11, 15).map(Number);
    return { own: (user + system) / 100, ended: (childUser + childSystem) / 100 };
  } catch {
    return { own: 0, ended: 0 };
  }
}

/** Returns the CPU seconds of a server on this machine, with all its processes. */
function serverCpu() {
  const pid = Number(postmaster);
  let seconds = cpuOf(pid).own + cpuOf(pid).ended;
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const child of children) seconds += cpuOf(child).own;
  } catch {
    return 0;
  }
  return seconds;
}

function report() {
  const median = Object.entries(results).map(([name, runs]) => ({
    name,
    seconds: runs.map((run) => run.seconds).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)],
    spread: runs.map((run) => run.seconds.toFixed(1)).join(' '),
    memory: Math.max(...runs.map((run) => run.memory)),
    cpu: mean(runs.map((run) => run.cpu)),
    server: mean(runs.map((run) => run.server)),
  }));
  const ratio = (contender, seconds) => {
    const other = median.find(({ name }) => name.startsWith(contender));
    return other === undefined ? '   -' : (other.seconds / seconds).toFixed(2);
  };
  for (const { name, seconds, spread, memory, cpu, server } of median) {
    const rate = Math.round(rows / seconds / 1000);
    console.log(
      `${name.padEnd(56)} ${seconds.toFixed(1).padStart(6)} s  ${String(rate).padStart(4)}k rows/s  ${ratio('psql', seconds)} of the limit  ${ratio('pgloader', seconds)} × pgloader  ${Math.round(memory)} MB  CPU ${cpu.toFixed(1)} + server ${server.toFixed(1)} s  (${spread})`,
    );
  }
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function createDatabase(name) {
  const url = new URL(server);
  const database = `sluice_bench_${name}`;
  psql(server, `drop database if exists ${database} with (force)`);
  psql(server, `create database ${database}`);
  psql(server, 'checkpoint');
  url.pathname = `/${database}`;
  return url.href;
}

function psql(url, command) {
  return spawnChecked('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-c', command, url], url);
}

function psqlFile(url, file) {
  return spawnChecked('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', file, url], url);
}

function spawnChecked(command, args, url) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, TARGET: url, PGOPTIONS: '-c client_min_messages=warning' },
    maxBuffer: 1e9,
  });
  if (status !== 0) fail(`${command} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Loads the generator with the SQLite of the package. */
async function importWith(path) {
  const code = readFileSync(new URL('./generate.mjs', import.meta.url), 'utf8').replace(
    "'better-sqlite3'",
    `'file://${path}'`,
  );
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
