import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run-here.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

/** Inside the package, so that the modules written there find kysely. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(PACKAGE, '.sluice'), { recursive: true });
  folder = await mkdtemp(join(PACKAGE, '.sluice/migrate-'));
  await writeFile(
    join(folder, '0001-media.ts'),
    migration('create table media (id integer primary key)', 'drop table media'),
  );
  await writeFile(
    join(folder, '0002-size.ts'),
    migration('alter table media add column size integer', 'alter table media drop column size'),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function migration(up: string, down: string): string {
  return `
import { type Kysely, sql } from 'kysely';
export const up = (db: Kysely<unknown>) => sql.raw(${JSON.stringify(up)}).execute(db);
export const down = (db: Kysely<unknown>) => sql.raw(${JSON.stringify(down)}).execute(db);
`;
}

describe.each([
  ['sqlite', async () => `sqlite:${await temporarySqlitePath()}`],
  ['postgres', temporaryPostgresUrl],
])('sluice migrate on %s', (_, temporaryUrl) => {
  it('takes several folders, and refuses a name that two of them have', async () => {
    const url = await temporaryUrl();
    const other = await mkdtemp(join(PACKAGE, '.sluice/migrate-'));
    try {
      await writeFile(
        join(other, '0001-b-tag.ts'),
        migration('create table tag (id integer)', 'drop table tag'),
      );
      const migrate = (...folders: readonly string[]) =>
        run('migrate', 'up', '--url', url, ...folders.flatMap((each) => ['--migrations', each]));
      const up = await migrate(other, folder);
      expect(up).toMatchObject({ code: 0, out: '3 migrations\n' });
      expect(up.err).toMatch(/0001-b-tag.*0001-media.*0002-size/s);
      const refused = await migrate(folder, other, folder);
      expect(refused.code).toBe(2);
      expect(refused.err).toContain('Two migrations have the name "0001-media"');
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  });

  it('applies, shows and undoes migrations', async () => {
    const migrate = migrateAt(await temporaryUrl());
    expect(await migrate('status')).toMatchObject({
      code: 1,
      out: '0001-media  pending\n0002-size   pending\n',
    });
    expect(await migrate('dry-run')).toMatchObject({
      code: 0,
      out: '-- 0001-media\ncreate table media (id integer primary key);\n-- 0002-size\nalter table media add column size integer;\n',
    });
    const first = await migrate('to', '0001-media');
    expect(first.code).toBe(0);
    expect(first.err).toContain('applied migration 0001-media\n');
    const up = await migrate('up');
    expect(up).toMatchObject({ code: 0, out: '1 migration\n' });
    expect(up.err).toContain('applied migration 0002-size\n');
    expect(await migrate('up')).toMatchObject({ code: 0, out: '0 migrations\n' });
    const status = await migrate('status');
    expect(status.code).toBe(0);
    expect(status.out).toMatch(/^0001-media {2}\d{4}-.*Z\n0002-size {3}\d{4}-.*Z\n$/);
    const down = await migrate('down');
    expect(down).toMatchObject({ code: 0, out: '1 migration\n' });
    expect(down.err).toContain('undid migration 0002-size\n');
    expect(await migrate('down', '--all')).toMatchObject({ code: 0, out: '1 migration\n' });
    expect(await migrate('status')).toMatchObject({ code: 1 });
  });
});

describe('the limits of sluice migrate', () => {
  it('give way to whoever holds a lock, and fail when the time is over', async () => {
    const url = await temporaryPostgresUrl();
    const migrate = migrateAt(url);
    expect(await migrate('to', '0001-media')).toMatchObject({ code: 0 });
    await using holder = await openStorage({ url, drivers: [postgres()] });
    await holder.write(async (tx) => {
      await sql`lock table media in access share mode`.execute(tx.kysely);
      const { code, err } = await migrate('up', '--lock-timeout', '50', '--timeout', '3000');
      expect(code).toBe(2);
      expect(err).toContain('undone for now (lock_timeout)');
      expect(err).toContain('(timeout)');
    });
    expect(await migrate('up', '--lock-timeout', '0')).toMatchObject({ code: 0, out: '1 migration\n' });
  });

  it('end a statement that takes too long, and its migration with it', async () => {
    const slow = await mkdtemp(join(PACKAGE, '.sluice/migrate-'));
    await writeFile(join(slow, '0001-slow.ts'), migration('select pg_sleep(60)', 'select 1'));
    const args = ['--url', await temporaryPostgresUrl(), '--migrations', slow];
    const { code, err } = await run('migrate', 'up', ...args, '--statement-timeout', '100');
    await rm(slow, { recursive: true });
    expect(code).toBe(2);
    expect(err).toContain('0001-slow');
  });
});

describe('sluice migrate with bad input', () => {
  it.each([
    ['no action', [], 'action'],
    ['an unknown action', ['sideways'], 'sideways'],
    ['no name', ['to'], 'sluice migrate to NAME'],
    ['an unknown name', ['to', '0009-none'], 'There is no migration "0009-none"'],
    ['a name too many', ['up', '0001-media'], 'Only `to` takes a name'],
    ['--all of up', ['up', '--all'], '--all is for `down`'],
    ['a time that is none', ['up', '--lock-timeout', '2s'], '--lock-timeout takes a whole number'],
    ['no time at all', ['up', '--statement-timeout', '0'], '--statement-timeout takes a whole number'],
    ['limits of status', ['status', '--lock-timeout', '5'], 'takes no limits'],
  ])('exits 2 and says what is wrong with %s', async (_, args, message) => {
    const url = `sqlite:${await temporarySqlitePath()}`;
    const { code, err } = await run('migrate', ...args, '--url', url, '--migrations', folder);
    expect(err).toContain(message);
    expect(err).not.toMatch(/^\s+at /m);
    expect(code).toBe(2);
  });
});

function migrateAt(url: string): (...args: readonly string[]) => ReturnType<typeof run> {
  return (...args) => run('migrate', ...args, '--url', url, '--migrations', folder);
}
