// Generates Prisma's clients into `dist`. Generating needs no engine, but the command downloads one unless PRISMA_SCHEMA_ENGINE_BINARY
// names an existing file.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));
const env = {
  ...process.env,
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
};
for (const engine of ['sqlite', 'postgres']) {
  const command = ['node_modules/prisma/build/index.js', 'generate', '--schema', `prisma/${engine}.prisma`];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) console.error(`Prisma for ${engine} will be reported as not installed:\n${stderr}`);
}
