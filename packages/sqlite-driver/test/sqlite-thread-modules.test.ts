import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** What a built module and those it imports take from elsewhere. */
function packagesOf(module: URL, seen: Set<string> = new Set(), found: Set<string> = new Set()): Set<string> {
  if (seen.has(module.href)) return found;
  seen.add(module.href);
  for (const [, name = ''] of readFileSync(fileURLToPath(module), 'utf8').matchAll(/from '([^']+)'/g)) {
    if (name.startsWith('.')) packagesOf(new URL(name, module), seen, found);
    else if (!name.startsWith('node:')) found.add(name);
  }
  return found;
}

test.each([
  'reader/reader-thread',
  'writer/writer-thread',
  'wal/checkpointer-thread',
  'maintenance/task-thread',
])(
  'the thread %s loads better-sqlite3, the list of types and nothing else, so that it starts soon',
  (entry) => {
    const built = new URL(`../dist/${entry}.js`, import.meta.url);
    const allowed = ['@sluice/core/exact-json', '@sluice/core/value-types', 'better-sqlite3'];
    expect([...packagesOf(built)].filter((name) => !allowed.includes(name))).toStrictEqual([]);
  },
);

test.each(['exact-json', 'value-types'])('core’s %s loads nothing', (name) => {
  const list = fileURLToPath(import.meta.resolve(`@sluice/core/${name}`));
  expect(readFileSync(list, 'utf8')).not.toMatch(/^import |^export .* from /m);
});
