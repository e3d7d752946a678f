import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { CONTROL, HANGING, MUTATIONS } from './mutations/mutations.js';

interface Case {
  readonly fullName: string;
  readonly title: string;
  readonly status: string;
}

/** The cases of one run of the conformance suite on every broken driver, each with the part of the suite that must catch it. */
let cases: readonly Case[] = [];
let output = '';

beforeAll(async () => {
  cases = await runSuite();
}, 300_000);

describe('the conformance suite', () => {
  for (const { name, caughtBy } of MUTATIONS) {
    test(`catches a driver that ${name}`, () => {
      expect(failuresOf(name)).not.toEqual([]);
      expect(failuresOf(name).every((title) => new RegExp(caughtBy).test(title))).toBe(true);
    });
  }

  test('says in one line that a driver hangs, and comes to an end', () => {
    expect(output).toContain('The driver hangs: close() did not end within 5000 ms.');
    expect(output.split(`conformance of ${HANGING}: `)).toHaveLength(2);
  });

  test('prints a score for every driver, and certifies none of a part of the suite', () => {
    expect(output.match(/part of the suite, which certifies nothing/g)).toHaveLength(MUTATIONS.length + 1);
  });

  test('finds nothing wrong with the driver that they are made of, by the same cases', () => {
    expect(casesOf(CONTROL.name).filter(({ status }) => status === 'passed').length).toBeGreaterThan(
      MUTATIONS.length,
    );
    expect(failuresOf(CONTROL.name)).toEqual([]);
  });
});

const casesOf = (name: string): readonly Case[] =>
  cases.filter(({ fullName }) => fullName.startsWith(`conformance of ${name} `));

const failuresOf = (name: string): readonly string[] =>
  casesOf(name)
    .filter(({ status }) => status === 'failed')
    .map(({ title }) => title);

async function runSuite(): Promise<readonly Case[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-mutations-'));
  const report = join(folder, 'report.json');
  const root = fileURLToPath(new URL('./mutations', import.meta.url));
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const own = /^(VITEST|TEST$|NODE_ENV$|SLUICE_CONFORMANCE_REPORT$)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  const reporting = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  const args = [vitest, 'run', '--root', root, ...reporting, '-t', pattern()];
  // It fails, as it must; that it ran is told by its report.
  output = await new Promise((resolve) =>
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 28 }, (_, stdout) => resolve(stdout)),
  );
  const { testResults } = JSON.parse(await readFile(report, 'utf8')) as {
    readonly testResults: readonly { readonly assertionResults: readonly Case[] }[];
  };
  await rm(folder, { recursive: true });
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

/** The cases that must catch each mutation, and all of those for the control. */
function pattern(): string {
  const topics = MUTATIONS.map(({ caughtBy }) => caughtBy);
  const parts = MUTATIONS.map(({ name, caughtBy }) => `conformance of ${name} .*${caughtBy}`);
  return `(${[...parts, `conformance of ${CONTROL.name} .*(${topics.join('|')})`].join('|')})`;
}
