import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { temporaryPostgresUrl, temporarySqlitePath } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const GUIDE = new URL('../../../docs/guides/migrations.md', import.meta.url);
const MODULE = /```ts\n\/\/ (\S+)\.ts\n([\s\S]*?)```/g;
const NAMES = ['0001-media', '0002-larger-media', '0003-media-by-size'] as const;

interface GuideDatabase {
  media: { id: bigint; slug: string; size: number | bigint; price: string | null };
  tag: { media_id: bigint; name: string };
}

/** Inside the package, so that the modules written there find kysely. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(PACKAGE, '.sluice'), { recursive: true });
  folder = await mkdtemp(join(PACKAGE, '.sluice/guide-'));
  for (const [, name = '', source = ''] of (await readFile(GUIDE, 'utf8')).matchAll(MODULE)) {
    await writeFile(join(folder, `${name}.ts`), source);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the guide to migrations', () => {
  const engines: [string, () => Promise<string>][] = [
    ['SQLite', async () => `sqlite:${await temporarySqlitePath()}`],
    ['PostgreSQL', () => temporaryPostgresUrl()],
  ];

  it.each(engines)('has migrations that go up and down on %s and keep every row', async (_, createUrl) => {
    const url = await createUrl();
    const drivers = [sqlite(), postgres()];
    await using storage = await openStorage<GuideDatabase>({
      url,
      drivers,
      migrations: pathToFileURL(folder),
    });
    const media = storage.repository('media', { key: 'id' });
    const tags = storage.repository('tag', { key: ['media_id', 'name'] });

    await storage.migrator.to('0001-media');
    const { id } = await media.insert({ slug: 'a', size: 5 } as never);
    await tags.insert({ media_id: id, name: 'red' });
    expect(await storage.migrator.to(NAMES[1])).toStrictEqual([{ name: NAMES[1], direction: 'up' }]);
    expect(await media.getOrThrow(id)).toMatchObject({ slug: 'a', size: 5n, price: '0.00', kind: 'photo' });
    await expect(media.insert({ slug: 'b', size: 0n } as never)).rejects.toMatchObject({
      code: 'check_violation',
    });
    await media.insert({ slug: 'a', size: 2n ** 40n, kind: 'film' } as never);

    await expect(storage.migrator.down()).rejects.toMatchObject({ code: 'migration_failed' });
    await sql`delete from media where kind = 'film'`.execute(storage.kysely);
    expect(await storage.migrator.down()).toStrictEqual([{ name: NAMES[1], direction: 'down' }]);
    expect(await media.getOrThrow(id)).toMatchObject({ slug: 'a', size: 5, price: '0.00' });
    expect(await tags.find()).toStrictEqual([{ media_id: id, name: 'red' }]);
    expect((await storage.migrator.up()).map(({ name }) => name)).toStrictEqual(NAMES.slice(1));
    expect(await storage.migrator.to(null)).toHaveLength(3);
  });
});
