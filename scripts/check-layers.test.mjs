import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkLayers } from './check-layers.mjs';

const folders = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Checks a package of these files, whose floors are the root, `upper` and `lower`, and returns the problems. */
function problemsOf(files, layers = { rooms: { '(root)': '', upper: '', lower: '' } }) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-layers-'));
  folders.push(folder);
  const all = {
    'layers.json': JSON.stringify(layers),
    'src/index.ts': "export { upper } from './upper/upper.js';",
    'src/upper/upper.ts': "import { lower } from '../lower/lower.js'; export const upper = lower;",
    'src/lower/lower.ts': 'export const lower = 1;',
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    if (text === undefined) continue;
    const path = join(folder, 'some', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return checkLayers(folder).problems;
}

test('finds nothing in a package whose imports run downwards', () => {
  expect(problemsOf({})).toEqual([]);
});

test.each([
  ['a value', "import { upper } from '../upper/upper.js';"],
  ['a type', "import type { Upper } from '../upper/upper.js';"],
  ['a re-export', "export { upper } from '../upper/upper.js';"],
  ['a re-export of all', "export * from '../upper/upper.js';"],
  ['an import() of a value', "export const load = () => import('../upper/upper.js');"],
  ['an import() of a type', "export type Upper = import('../upper/upper.js').Upper;"],
  ['the entry of a thread', "export const entry = new URL('../upper/upper.js', import.meta.url);"],
])('finds an import upwards of %s', (_, text) => {
  expect(problemsOf({ 'src/lower/planted.ts': text })).toEqual([
    'packages/some/src/lower/planted.ts imports upper/upper.ts, but upper lies above lower.',
  ]);
});

test('finds an import of what lies in the root', () => {
  expect(problemsOf({ 'src/upper/planted.ts': "import '../index.js';" })).toEqual([
    'packages/some/src/upper/planted.ts imports index.ts, but (root) lies above upper.',
  ]);
});

test('finds a circle of files that only types tie', () => {
  expect(
    problemsOf({
      'src/lower/a.ts': "import type { B } from './b.js'; export type A = B;",
      'src/lower/b.ts': "import type { A } from './a.js'; export type B = A;",
    }),
  ).toEqual(['packages/some/src: circle of files: lower/a.ts -> lower/b.ts -> lower/a.ts.']);
});

test('passes unit tests over', () => {
  expect(problemsOf({ 'src/lower/planted.test.ts': "import '../upper/upper.js';" })).toEqual([]);
});

test('lets an exception pass that has a reason', () => {
  const planted = { 'src/lower/planted.ts': "import '../upper/upper.js';" };
  const rooms = { '(root)': '', upper: '', lower: '' };
  const exception = { from: 'lower/planted.ts', to: 'upper/upper.ts' };
  expect(problemsOf(planted, { rooms, exceptions: [{ ...exception, why: 'A reason.' }] })).toEqual([]);
  expect(problemsOf(planted, { rooms, exceptions: [exception] })).toHaveLength(1);
});

test('asks for every room to be named, and for every name to be a room', () => {
  expect(
    problemsOf(
      { 'src/other/other.ts': 'export {};' },
      { rooms: { '(root)': '', upper: '', attic: '', lower: '' } },
    ),
  ).toEqual([
    'packages/some/layers.json does not name the room other.',
    'packages/some/layers.json names attic, which is no room with files.',
  ]);
});

test('asks every package for its layers', () => {
  expect(problemsOf({ 'layers.json': undefined })).toEqual([
    'packages/some has no layers.json that names its rooms.',
  ]);
});
