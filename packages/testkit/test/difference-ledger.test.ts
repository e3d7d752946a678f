import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
const ledger = readFileSync(new URL('docs/reference/differences.md', root), 'utf8');

/** The tests that the ledger names in its last column: files or folders of the suite, or test files of a driver. */
const holders = [...ledger.matchAll(/^\|.*\| (?<held>[^|]+) \|$/gm)].flatMap(({ groups }) =>
  [...(groups?.held ?? '').matchAll(/`([a-z0-9/-]+)`/g)].map(([, name]) => name ?? ''),
);

test.each([...new Set(holders)])('the difference ledger names a place that exists: %s', (name) => {
  const places = [
    `packages/testkit/src/conformance/${name}`,
    `packages/testkit/src/conformance/${name}.ts`,
    `packages/sqlite-driver/test/${name}.test.ts`,
    `packages/postgres-driver/test/${name}.test.ts`,
    `packages/cli/test/${name}.test.ts`,
  ];
  expect(places.filter((place) => existsSync(new URL(place, root)))).not.toEqual([]);
});

test('every line of the difference ledger that does not differ is held by a test', () => {
  const rows = ledger.split('\n').filter((line) => /^\| \d+ \|/.test(line));
  const unheld = rows.filter(
    (row) => row.endsWith('| – |') && !row.includes('**differs**') && !row.includes('**Differs**'),
  );
  expect(rows.length).toBeGreaterThan(30);
  expect(unheld).toEqual([]);
});
