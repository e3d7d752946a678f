import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { HeldResources } from './held-resources.js';

/** How another process loads a driver. */
export interface DriverModule {
  /** URL of the built module that exports the driver: `import.meta.resolve('@sluice/sqlite-driver')`. */
  readonly module: string;
  /** Name of the function that creates the driver: `sqlite`. */
  readonly factory: string;
  /** Creates a new, empty database and returns its URL. */
  readonly createDatabase: () => Promise<string>;
}

/** How often the database is opened. CI sets 1,000. */
const OPENINGS = Number(process.env.SLUICE_TEST_OPENINGS ?? 200);

/** Registers the test that opening and closing a storage leaves nothing behind in its process (contract C12). */
export function testOpenings(driver: DriverModule): void {
  test(`C12 ${OPENINGS} openings leave no file, thread, handle or memory behind`, {
    timeout: 600_000,
  }, async () => {
    const { output } = await runProcess(driver, 'openings', await driver.createDatabase(), String(OPENINGS));
    const { before, after } = output as { readonly before: HeldResources; readonly after: HeldResources };
    expect({ ...after, megabytes: 0 }).toStrictEqual({ ...before, megabytes: 0 });
    // A leak of 0.1 MB for each opening would add 95 MB in a thousand openings.
    expect(after.megabytes).toBeLessThan(before.megabytes + 60);
  });
}

/** Registers the test that several processes which start at the same time apply each migration once (contract C13). */
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

/** A result of 50 rows takes 10,000 bytes. */
const MOST_SURVIVING_BYTES = 1_000;

/**
 * Registers the test that what a call leaves is freed by the next collection of the young generation. Otherwise something in the old generation refers to it, be that
 * in use or not, and keeps it until a full collection.
 */
export function testSurvivors(driver: DriverModule): void {
  test('C10 what a call leaves is freed by the next collection of the young generation', {
    timeout: 300_000,
  }, async () => {
    const { code, output } = await runProcess(driver, 'survivors', await driver.createDatabase());
    expect(code).toBe(0);
    const kinds = Object.entries(output as Readonly<Record<string, number>>);
    expect(kinds).toHaveLength(6);
    expect(
      kinds.filter(([, bytes]) => bytes > MOST_SURVIVING_BYTES),
      JSON.stringify(output),
    ).toStrictEqual([]);
  });
}

async function runProcess(
  { module, factory }: DriverModule,
  task: 'migrations' | 'openings' | 'survivors',
  ...parameters: string[]
): Promise<{ readonly code: number; readonly output: unknown }> {
  const program = fileURLToPath(new URL('driver-process.js', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', program, task, module, factory, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { code, output: JSON.parse(output) };
}
