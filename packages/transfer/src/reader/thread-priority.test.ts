import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('a thread gives way further, and is never put before what it gives way to', () => {
  // In a process of its own: no user may take it back.
  const script = `
    import { getPriority, setPriority } from 'node:os';
    import { beNice } from ${JSON.stringify(new URL('./thread-priority.ts', import.meta.url).href)};
    setPriority(12);
    const given = [];
    for (const nice of [10, 15, 10]) {
      beNice(nice);
      given.push(getPriority());
    }
    console.log(JSON.stringify(given));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(process.platform === 'linux' ? [12, 15, 15] : [12, 12, 12]);
});
