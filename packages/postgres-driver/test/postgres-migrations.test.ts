import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { expect, test } from 'vitest';

test('C13 eight processes that start together migrate once', async () => {
  const url = await temporaryPostgresUrl();
  const script = fileURLToPath(new URL('processes/migrate.mjs', import.meta.url));
  const outputs = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const [code] = await once(child, 'close');
      return { code, steps: JSON.parse(output) as string[] };
    }),
  );
  expect(outputs.map(({ code }) => code)).toStrictEqual(Array.from({ length: 8 }, () => 0));
  expect(outputs.flatMap(({ steps }) => steps).toSorted()).toStrictEqual(['0001', '0002', '0003']);
});
