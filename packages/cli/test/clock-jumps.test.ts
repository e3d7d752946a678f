import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { expect, test } from 'vitest';

const HOURS = 3600;
const here = (name: string): string => fileURLToPath(new URL(`./clock/${name}`, import.meta.url));
const missing = clockMissing();

if (missing === undefined) {
  test.each([
    ['sqlite', async () => `sqlite:${await temporarySqlitePath()}`],
    ['postgres', () => temporaryPostgresUrl()],
  ] as const)(
    '%s: a clock that jumps a day ahead, and back, ends no call before its deadline',
    async (_, place) => {
      const url = await place();
      await using storage = await openStorage({ url, drivers: [sqlite(), postgres()] });
      const table = storage.kysely.schema.createTable('entry');
      await table
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('body', 'text')
        .execute();
      expect(await workThroughJumps(url, [25, -48])).toEqual([
        ...['jump?', 'hours 25', 'waited'],
        ...['jump?', 'hours -48', 'waited'],
        'healthy',
      ]);
    },
    60_000,
  );
} else {
  const name = `NOT TESTED: clocks that jump, because ${missing}`;
  console.warn(name);
  test.skip(name, () => {});
}

/** Why no clock can be made to jump here; `undefined` when one can. */
function clockMissing(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux can preload a library';
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler (cc)';
}

/** Runs the work in a process of its own, whose clock is set by so many hours whenever it asks. @returns the lines it wrote. */
async function workThroughJumps(url: string, hours: readonly number[]): Promise<string[]> {
  const folder = dirname(await temporarySqlitePath());
  const [library, offset] = [join(folder, 'jumping-clock.so'), join(folder, 'offset')];
  execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, here('jumping-clock.c'), '-ldl']);
  const env = { ...process.env, LD_PRELOAD: library, CLOCK_OFFSET: offset };
  let seconds = 0;
  const jump = (by: number): void => {
    seconds += by * HOURS;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // In place: the process has mapped this very file.
    writeFileSync(offset, bytes, { flag: 'r+' });
  };
  writeFileSync(offset, Buffer.alloc(8));
  const child = spawn(process.execPath, [here('work-through-jumps.mjs'), url], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const left = [...hours];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line !== 'jump?') continue;
    jump(left.shift() ?? 0);
    child.stdin.write('set\n');
  }
  return lines;
}
