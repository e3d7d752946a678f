import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { expect, test } from 'vitest';

interface Held {
  readonly files: number;
  readonly threads: number;
  readonly resources: number;
  readonly megabytes: number;
}

/** CI asks for a thousand. */
const OPENINGS = Number(process.env.SLUICE_TEST_OPENINGS ?? 200);

test(`C12 ${OPENINGS} openings leave no file, thread, handle or memory behind`, {
  timeout: 600_000,
}, async () => {
  const script = fileURLToPath(new URL('processes/open-and-close.mjs', import.meta.url));
  const url = await temporaryPostgresUrl();
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    script,
    url,
    String(OPENINGS),
  ]);
  const { before, after } = JSON.parse(stdout) as { readonly before: Held; readonly after: Held };
  expect({ ...after, megabytes: 0 }).toStrictEqual({ ...before, megabytes: 0 });
  // A tenth of a megabyte lost each time would be 95 in a thousand.
  expect(after.megabytes).toBeLessThan(before.megabytes + 60);
});
