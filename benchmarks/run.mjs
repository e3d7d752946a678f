// `npm run bench`: installs the libraries to compare with, builds Sluice, and measures. It runs on the system's Node, so it imports only
// Node's modules and continues on the installed Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const root = join(folder, '..');
const bin = join(root, 'node_modules/.bin');
const node24 = join(root, 'node_modules/node/bin/node');
const env = { ...process.env, PATH: bin + delimiter + process.env.PATH, TURBO_TELEMETRY_DISABLED: '1' };

if (!existsSync(node24)) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  step(
    'Installing packages',
    ['npx', '--yes', packageManager, '--dir', root, 'install', '--frozen-lockfile'],
    tmpdir(),
  );
}
step('Installing what to measure against', [join(bin, 'pnpm'), 'install', '--frozen-lockfile'], folder);
step('Building', [node24, '--run', 'build'], root);

const child = spawn(node24, [join(folder, 'src/main.ts'), ...process.argv.slice(2)], {
  env,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => process.exit(code ?? 1));

/** Runs a command without output. A failed command prints its output. */
function step(title, [command, ...args], cwd) {
  console.error(`${title} …`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status === 0) return;
  console.error(stdout, stderr, error ?? '');
  process.exit(status ?? 1);
}
