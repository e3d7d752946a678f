import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { temporarySqlitePath } from '@sluice/testkit';
import { expect, it } from 'vitest';
import { startCatalogue } from './catalogue-process.js';
import { sampleFolder } from './sample-folder.js';

it.each([
  [
    'a folder that is not there',
    'sqlite::memory:',
    ['/no/such/folder'],
    'There is no folder /no/such/folder',
  ],
  ['a file instead of a folder', 'sqlite::memory:', ['/etc/hostname'], 'is not a folder'],
  ['an unknown option', 'sqlite::memory:', ['--colour'], "Unknown option '--colour'"],
  ['a strange number of callers', 'sqlite::memory:', ['--callers', 'many'], '--callers takes a whole number'],
  ['an unknown scheme', 'mysql://user:secret@host/db', [], '(unknown_scheme)'],
  ['a URL without a scheme', 'catalogue.db', [], '(unknown_scheme)'],
  ['PostgreSQL that is away', 'postgres://user:secret@127.0.0.1:1/db', [], '(connection_failed)'],
  ['SQLite in a folder that is not there', 'sqlite:/no/such/folder/c.db', [], '(path_unusable)'],
])('exits 2 and says what to do about %s, without a stack or a password', async (_, url, args, message) => {
  const folder = args.length === 0 ? [await sampleFolder()] : args;
  const { code, err, out } = await startCatalogue(url, ...folder).outcome;
  expect(err).toContain(message);
  expect(err).not.toMatch(/^\s+at /m);
  expect(err).not.toContain('secret');
  expect(out).toBe('');
  expect(code).toBe(2);
});

it('exits 2 for a file that is not a database', async () => {
  const path = await temporarySqlitePath();
  await writeFile(path, 'certainly no database '.repeat(100));
  const { code, err } = await startCatalogue(`sqlite:${path}`, dirname(path)).outcome;
  expect(err).toContain('(not_a_database)');
  expect(code).toBe(2);
});
