import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { HeldResources } from './held-resources.js';

/** A driver as another process loads it. */
export interface DriverModule {
  /** URL of the built module that exports the driver: `import.meta.resolve('@sluice/sqlite-driver')`. */
  readonly module: string;
  /** Name of the function that makes the driver: `sqlite`. */
  readonly factory: string;
  /** URL of a new, empty database. */
  readonly createDatabase: () => Promise<string>;
}

/** CI asks for a thousand. */
const OPENINGS = Number(process.env.SLUICE_TEST_OPENINGS ?? 200);

/** Registers the test that opening and closing a storage leaves nothing behind in its process (contract C12). */
export function testOpenings(driver: DriverModule): void {
  test(`C12 ${OPENINGS} openings leave no file, thread, handle or memory behind`, {
    timeout: 600_000,
  }, async () => {
    const { output } = await runProcess(driver, 'openings', await driver.createDatabase(), String(OPENINGS));
    const { before, after } = output as { readonly before: HeldResources; readonly after: HeldResources };
    expect({ ...after, megabytes: 0 }).toStrictEqual({ ...before, megabytes: 0 });
    // A tenth of a megabyte lost each time would be 95 in a thousand.
    expect(after.megabytes).toBeLessThan(before.megabytes + 60);
  });
}

/** Registers the test that processes which start together apply each migration once (contract C13). */
export function testJointMigration(driver: DriverModule): void {
  test('C13 eight processes that start together migrate once', async () => {
    const url = await driver.createDatabase();
    const processes = Array.from({ length: 8 }, () => runProcess(driver, 'migrations', url));
    const outcomes = await Promise.all(processes);
    expect(outcomes.map(({ code }) => code)).toStrictEqual(Array.from({ length: 8 }, () => 0));
    const steps = outcomes.flatMap(({ output }) => output as string[]);
    expect(steps.toSorted()).toStrictEqual(['0001', '0002', '0003']);
  });
}

async function runProcess(
  { module, factory }: DriverModule,
  task: 'migrations' | 'openings',
  ...parameters: string[]
): Promise<{ readonly code: number; readonly output: unknown }> {
  const program = fileURLToPath(new URL('driver-process.js', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', program, task, module, factory, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { code, output: JSON.parse(output) };
}
