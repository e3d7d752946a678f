// `npm start`, `npm test`, `npm run certify` and `npm run soak` on a fresh clone. It runs on the system's Node before anything is
// installed, so it imports only Node's modules. It installs missing packages, builds changed ones, and continues on the installed Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules/.bin');
const node24 = join(root, 'node_modules/node/bin/node');
const stampFile = join(root, 'node_modules/.sluice-stamp');

const env = {
  ...process.env,
  PATH: bin + delimiter + process.env.PATH,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
};

if (Number.parseInt(process.versions.node, 10) < 20) {
  stop(`Sluice needs Node 20 or newer to set itself up, and this is Node ${process.versions.node}.`);
}
const commands = {
  certify: () => onNode24('certify-packed.mjs'),
  soak: () => onNode24('soak.mjs'),
  start,
  test,
};
const [name, ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) stop('Usage: node scripts/run.mjs certify|soak|start|test [argument …]');
process.exitCode = await commands[name]();

/** Runs the catalogue example in the user's working directory, so that relative paths work. */
async function start() {
  await prepare();
  const example = join(root, 'examples/catalogue');
  const { main } = readJson(join(example, 'package.json'));
  return run(node24, [join(example, main), ...args], { cwd: process.env.INIT_CWD, stdio: 'inherit' });
}

/** Runs all checks. The arguments are passed to Vitest. */
async function test() {
  await prepare();
  await step('Checking types', script('typecheck'));
  await step('Linting', script('lint'));
  await step('Checking layers', script('layers'));
  return run(join(bin, 'vitest'), ['run', ...args], { cwd: root, stdio: 'inherit' });
}

/** Runs a script of this folder on the installed Node 24. */
async function onNode24(file) {
  await prepare();
  return run(node24, [join(root, 'scripts', file), ...args], { cwd: root, stdio: 'inherit' });
}

async function prepare() {
  const stamp = hashManifests();
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    await install();
    writeFileSync(stampFile, stamp);
  }
  await step('Building', script('build'));
}

/** Returns a hash that changes if an install could change something. */
function hashManifests() {
  const members = ['packages', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((member) => join(folder, member)),
  );
  const manifests = ['.', ...members].map((folder) => join(folder, 'package.json'));
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/**
 * Installs with a pnpm outside of this folder, either the user's or one from npx. Ours is in node_modules, which pnpm may have to remove.
 */
async function install() {
  const { packageManager } = readJson(join(root, 'package.json'));
  const path = process.env.PATH.split(delimiter).filter((folder) => folder !== bin);
  const outside = { cwd: tmpdir(), env: { ...env, PATH: path.join(delimiter), CI: 'true' } };
  const { stdout } = spawnSync('pnpm', ['--version'], { ...outside, encoding: 'utf8' });
  const isFitting = `pnpm@${stdout}`.split('.')[0] === packageManager.split('.')[0];
  const pnpm = isFitting ? ['pnpm'] : ['npx', '--yes', packageManager];
  await step('Installing packages', [...pnpm, '--dir', root, 'install', '--frozen-lockfile'], outside);
  if (!existsSync(node24)) stop('Node 24 is not there: npm packages may not run install scripts.');
}

/** Runs a script of the root package.json without the start-up time of a package manager. */
function script(name) {
  return [node24, '--run', name];
}

/** Runs a command without output. A long command prints one line with its title; a failed command prints its output. */
async function step(title, [command, ...args], options = { cwd: root }) {
  const notice = setTimeout(() => console.error(`${title} …`), 500);
  const output = [];
  const code = await run(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }, output);
  clearTimeout(notice);
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  stop(`${title} failed.`, code);
}

/** Resolves to the exit code of the command, or to 128 + n if signal n ended it. */
function run(command, args, options, output) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, ...options });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk));
    passSignals(child);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** Passes signals to the child, which decides how to end. In a terminal Ctrl-C reaches the child directly. */
function passSignals(child) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => (signal === 'SIGINT' && isatty(0)) || child.kill(signal));
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function stop(message, code = 1) {
  console.error(message);
  process.exit(code);
}
