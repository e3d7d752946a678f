import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test.each([0, 18])('a thread of nice value %i gives way, and is never put before others', (nice) => {
  // In a process of its own: not every user may take it back.
  const script = `
    import { getPriority, setPriority } from 'node:os';
    import { lowerPriority } from ${JSON.stringify(new URL('./thread-priority.ts', import.meta.url).href)};
    setPriority(${nice});
    lowerPriority();
    console.log(getPriority());`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(Number(stdout)).toBe(process.platform === 'linux' ? Math.max(nice, 15) : nice);
});
