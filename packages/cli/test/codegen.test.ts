import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run-here.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const MIGRATIONS = join(PACKAGE, 'test/migrations');

/** Inside the package, so that the modules written there find kysely. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(PACKAGE, '.sluice'), { recursive: true });
  folder = await mkdtemp(join(PACKAGE, '.sluice/codegen-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('sluice codegen', () => {
  it('writes the same bytes from SQLite, from PostgreSQL and from the migrations alone', async () => {
    const urls = [`sqlite:${await temporarySqlitePath()}`, await temporaryPostgresUrl()];
    const sources = await Promise.all(urls.map(migrated));
    const [first, ...others] = await Promise.all(
      [...sources, ['--migrations', MIGRATIONS]].map((source, index) =>
        generated(`same-${index}.ts`, source),
      ),
    );
    for (const other of others) expect(other).toBe(first);
    expect(first).toContain('uploadedAt: Date;');
    expect(first).not.toContain('kysely_migration');
  });

  it('writes types that compile and say what may be inserted', async () => {
    await generated('compiles.ts', ['--migrations', MIGRATIONS]);
    await writeFile(join(folder, 'use.ts'), USE);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    expect(await compile(folder)).toBe('');
  });

  it('applies the migrations to --url when both are given', async () => {
    const url = `sqlite:${await temporarySqlitePath()}`;
    const out = join(folder, 'both.ts');
    const first = await run('codegen', '--url', url, '--migrations', MIGRATIONS, '--out', out);
    expect(first).toMatchObject({ code: 0, err: 'applied migration 0001-every-type\n' });
    expect(await run('codegen', '--url', url, '--out', out, '--verify')).toMatchObject({ code: 0 });
  });
});

describe('sluice codegen of a database that others made', () => {
  it('writes the tables of other schemas, and types outside of the contract, never as unknown', async () => {
    const url = await temporaryPostgresUrl();
    const storage = await openStorage({ url, drivers: [postgres()] });
    for (const statement of OTHERS) await sql.raw(statement).execute(storage.kysely);
    await storage.close();
    const text = await generated('others.ts', ['--url', url, '--schema', 'billing'], []);
    expect(text).not.toContain('unknown');
    expect(text).toContain('"billing.line_item": BillingLineItem;');
    expect(text).toContain('  zoo: Zoo;');
    expect(text).toContain(`mood: Generated<"sad" | "it's ok">;`);
    expect(text).toContain(`next: "sad" | "it's ok" | null;`);
    expect(text).toContain('span: string | null;');
    expect(text).toContain('ratio: number;');
    expect(text).toContain('tags: (string | null)[] | null;');
    expect(text).toContain('amount: number | null;');
    expect(text).toContain('twice: GeneratedAlways<number | null>;');
    expect(text).toContain(`mood: GeneratedAlways<"sad" | "it's ok" | null>;`);
    expect(await generated('search-path.ts', ['--url', url], [])).not.toContain('billing');
  });
});

const OTHERS = [
  'create schema billing',
  'create table billing.line_item (id integer primary key)',
  `create type mood as enum ('sad', 'it''s ok')`,
  'create domain positive as integer check (value > 0)',
  `create table zoo (id integer primary key, mood mood not null default 'sad', next mood, span interval, ratio real not null, tags text[],
     amount positive, twice integer generated always as (amount * 2) stored)`,
  'create view moods as select mood from zoo',
];

describe('sluice codegen --verify', () => {
  it('exits 0 while the file is what would be written, and writes nothing', async () => {
    const before = await generated('fresh.ts', ['--migrations', MIGRATIONS]);
    expect(await verify('fresh.ts')).toMatchObject({ code: 0, out: expect.stringContaining('up to date') });
    expect(await readFile(join(folder, 'fresh.ts'), 'utf8')).toBe(before);
  });

  it('exits 1 with the difference when the file is out of date', async () => {
    const text = await generated('stale.ts', ['--migrations', MIGRATIONS]);
    await writeFile(join(folder, 'stale.ts'), text.replace('ratio: number | null', 'ratio: string | null'));
    const { code, err } = await verify('stale.ts');
    expect(code).toBe(1);
    expect(err).toContain('is out of date');
    expect(err).toContain('-  ratio: string | null;');
    expect(err).toContain('+  ratio: number | null;');
  });

  it('exits 1 when there is no file', async () => {
    expect(await verify('missing.ts')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not there'),
    });
  });
});

describe('sluice codegen with bad input', () => {
  const out = ['--out', '/dev/null'];

  it.each([
    ['no command', [], 'Usage: sluice'],
    ['an unknown command', ['generate'], "unknown command 'generate'"],
    ['no --out', ['codegen', '--url', 'sqlite:x.db'], '--out <file>'],
    ['no source', ['codegen', ...out], '--url for a database, or --migrations'],
    ['an unknown scheme', ['codegen', '--url', 'mysql://u:secret@h/d', ...out], '(unknown_scheme)'],
    ['a folder that is not there', ['codegen', '--migrations', '/no/such', ...out], 'not a folder: /no/such'],
    [
      'a database that is away',
      ['codegen', '--url', 'postgres://u:secret@127.0.0.1:1/d', ...out],
      '(connection_failed)',
    ],
    [
      'both sources to verify',
      ['codegen', '--url', 'sqlite:x.db', '--migrations', MIGRATIONS, '--verify', ...out],
      '--verify changes nothing',
    ],
  ])('exits 2 and says what to do about %s, without a stack', async (_, args, message) => {
    const { code, err } = await run(...args);
    expect(err).toContain(message);
    expect(err).not.toMatch(/^\s+at /m);
    expect(err).not.toContain('secret');
    expect(code).toBe(2);
  });

  it('exits 0 for --help, with examples', async () => {
    expect(await run('codegen', '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Examples:'),
    });
  });
});

const TSCONFIG = {
  extends: join(PACKAGE, '../../tsconfig.base.json'),
  compilerOptions: { noEmit: true },
  files: ['use.ts'],
};

/** Fails to compile when a type is not what the contract says. */
const USE = `
import type { Insertable, Selectable } from 'kysely';
import type { DB, JsonValue } from './compiles.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Row = Selectable<DB['sample']>;

export const id: Same<Row['id'], bigint> = true;
export const price: Same<Row['price'], string> = true;
export const bornOn: Same<Row['bornOn'], string> = true;
export const uploadedAt: Same<Row['uploadedAt'], Date> = true;
export const payload: Same<Row['payload'], Uint8Array | null> = true;
export const settings: Same<Row['settings'], JsonValue> = true;
export const small: Same<Row['small'], number | null> = true;

export const least: Insertable<DB['sample']> = {
  bornOn: '2020-02-29', price: '1.10', settings: { a: [1, null] }, title: '', token: '', uploadedAt: new Date(),
};
// @ts-expect-error a title is not optional
export const lacking: Insertable<DB['sample']> = { bornOn: '', price: '', settings: 1, token: '', uploadedAt: new Date() };
`;

/** What the compiler has to say about the project in `path`. */
function compile(path: string): Promise<string> {
  const tsc = join(PACKAGE, '../../node_modules/typescript/bin/tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', path], (_error, out, err) => resolve(out + err));
  });
}

async function migrated(url: string): Promise<string[]> {
  const storage = await openStorage({
    url,
    drivers: [sqlite(), postgres()],
    migrations: new URL('./migrations/', import.meta.url),
  });
  await storage.migrator.up();
  await storage.close();
  return ['--url', url];
}

async function generated(
  name: string,
  source: readonly string[],
  more: readonly string[] = ['--camel-case'],
): Promise<string> {
  const file = join(folder, name);
  const given = source.map((each) => (each.startsWith('postgres') ? fromEnvironment(each) : each));
  const { code, err } = await run('codegen', ...given, ...more, '--out', file);
  expect(err).toBe('');
  expect(code).toBe(0);
  return readFile(file, 'utf8');
}

function verify(name: string): ReturnType<typeof run> {
  return run('codegen', '--migrations', MIGRATIONS, '--camel-case', '--out', join(folder, name), '--verify');
}

/** A URL with a password, without the warning for one on the command line. */
function fromEnvironment(url: string): string {
  process.env.CODEGEN_TEST_URL = url;
  return 'env:CODEGEN_TEST_URL';
}
