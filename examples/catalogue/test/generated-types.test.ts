import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runProgram } from './catalogue-process.js';

const EXAMPLE = fileURLToPath(new URL('..', import.meta.url));
const SLUICE = fileURLToPath(new URL('bin/sluice.js', import.meta.resolve('@sluice/cli/package.json')));

it('are those of the migrations; `npm run codegen` writes them', async () => {
  const args = [
    'codegen',
    '--migrations',
    'dist/migrations',
    '--out',
    'src/db.ts',
    '--camel-case',
    '--verify',
  ];
  expect(await runProgram(SLUICE, args, EXAMPLE)).toEqual({
    code: 0,
    out: 'src/db.ts is up to date\n',
    err: '',
  });
});
