import { decrement, increment, openStorage, type Page, type Repository, type Storage } from '@sluice/core';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import { describe, expectTypeOf, it } from 'vitest';

interface Media {
  slug: string;
  size: bigint;
  title: string | null;
  uploadedAt: Generated<Date>;
  words: GeneratedAlways<number>;
  secret: ColumnType<string, string, never>;
}

interface Vote {
  mediaSlug: string;
  userId: number;
  stars: number;
}

interface DB {
  media: Media;
  vote: Vote;
}

declare const storage: Storage<DB>;

describe('repository', () => {
  it('takes tables and key columns of the database only', () => {
    expectTypeOf(storage.repository('media', { key: 'slug' })).toEqualTypeOf<
      Repository<DB, 'media', 'slug'>
    >();
    // @ts-expect-error no such table
    storage.repository('medium', { key: 'slug' });
    // @ts-expect-error no such column
    storage.repository('media', { key: 'slog' });
    // @ts-expect-error no such column among several
    storage.repository('vote', { key: ['mediaSlug', 'user'] });
    // @ts-expect-error a key is required
    storage.repository('media', {});
  });

  it('takes a key of one column by its value, and of several as an object', () => {
    const media = storage.repository('media', { key: 'slug' });
    const votes = storage.repository('vote', { key: ['mediaSlug', 'userId'] });
    expectTypeOf(media.get).parameter(0).toEqualTypeOf<string>();
    expectTypeOf(votes.get).parameter(0).toEqualTypeOf<Readonly<{ mediaSlug: string; userId: number }>>();
    // @ts-expect-error the key is a string
    media.get(1);
    // @ts-expect-error half a key
    votes.get({ mediaSlug: 'a' });
    // @ts-expect-error not an object of the key
    votes.delete('a');
  });

  it('has times as text where the options say so', () => {
    const media = storage.repository('media', { key: 'slug', as: { uploadedAt: 'text' } });
    expectTypeOf(media.get('a')).resolves.toExtend<{ uploadedAt: string; slug: string } | undefined>();
    media.update('a', { uploadedAt: '2024-01-01 00:00:00.123456Z' });
    // @ts-expect-error a Date does not hold every digit
    media.update('a', { uploadedAt: new Date() });
    media.insert({ slug: 'a', size: 1n, secret: 's' });
    // @ts-expect-error a Date does not hold every digit
    media.insert({ slug: 'a', size: 1n, secret: 's', uploadedAt: new Date() });
    const byTime = storage.repository('media', { key: 'uploadedAt', as: { uploadedAt: 'text' } });
    expectTypeOf(byTime.get).parameter(0).toEqualTypeOf<string>();
    // @ts-expect-error no time
    storage.repository('media', { key: 'slug', as: { size: 'text' } });
    // @ts-expect-error no other form
    storage.repository('media', { key: 'slug', as: { uploadedAt: 'string' } });
  });

  it('gives rows as they are selected', async () => {
    const media = storage.repository('media', { key: 'slug' });
    const row = await media.getOrThrow('a');
    expectTypeOf(row.uploadedAt).toEqualTypeOf<Date>();
    expectTypeOf(row.size).toEqualTypeOf<bigint>();
    expectTypeOf(row.title).toEqualTypeOf<string | null>();
    expectTypeOf(media.get('a')).resolves.toEqualTypeOf<typeof row | undefined>();
    expectTypeOf(media.getMany(['a'])).resolves.toEqualTypeOf<(typeof row | undefined)[]>();
    expectTypeOf(media.page({ size: 1 })).resolves.toEqualTypeOf<Page<typeof row>>();
  });

  it('gives the selected columns alone', async () => {
    const media = storage.repository('media', { key: 'slug' });
    type Sizes = { size: bigint; title: string | null };
    expectTypeOf(await media.getOrThrow('a', { select: ['size', 'title'] })).toEqualTypeOf<Sizes>();
    expectTypeOf(await media.get('a', { select: ['size', 'title'] })).toEqualTypeOf<Sizes | undefined>();
    expectTypeOf(await media.getMany(['a'], { select: ['size', 'title'] })).toEqualTypeOf<
      (Sizes | undefined)[]
    >();
    const query = { select: ['size', 'title'], orderBy: { slug: 'asc' } } as const;
    expectTypeOf(await media.find(query)).toEqualTypeOf<Sizes[]>();
    expectTypeOf(await media.findOne(query)).toEqualTypeOf<Sizes | undefined>();
    expectTypeOf(await media.page({ ...query, size: 1 })).toEqualTypeOf<Page<Sizes>>();
    for await (const row of media.stream(query)) expectTypeOf(row).toEqualTypeOf<Sizes>();
    // @ts-expect-error not selected
    (await media.getOrThrow('a', { select: ['size'] })).title;
    // @ts-expect-error no such column
    media.find({ select: ['size', 'colour'] });
    // @ts-expect-error no list
    media.find({ select: 'size' });
    // @ts-expect-error counts select nothing
    media.count({ select: ['size'] });
  });

  it('knows that a column of a list that is made at run time may be missing', async () => {
    const media = storage.repository('media', { key: 'slug' });
    const select: ('size' | 'title')[] = ['size'];
    expectTypeOf(await media.getOrThrow('a', { select })).toEqualTypeOf<{
      size?: bigint;
      title?: string | null;
    }>();
  });

  it('is the same in a transaction', () => {
    const media = storage.repository('media', { key: 'slug', as: { uploadedAt: 'text' } });
    const votes = storage.repository('vote', { key: ['mediaSlug', 'userId'] });
    storage.write(async (tx) => {
      expectTypeOf(media.in(tx)).toEqualTypeOf(media);
      expectTypeOf(votes.in(tx)).toEqualTypeOf(votes);
      tx.savepoint(async (inner) => votes.in(inner));
      // @ts-expect-error no transaction
      media.in(tx.kysely);
      // @ts-expect-error no transaction
      media.in({});
    });
    votes.in(storage);
    const other = storage as unknown as Storage<{ media: { id: number } }>;
    // @ts-expect-error a table without that key
    media.in(other);
    // @ts-expect-error no such table
    votes.in(other);
  });

  it('takes rows as they are inserted, defaults left out and computed columns refused', () => {
    const media = storage.repository('media', { key: 'slug' });
    media.insert({ slug: 'a', size: 1n, secret: 's' });
    media.insert({ slug: 'a', size: 1n, secret: 's', title: null, uploadedAt: new Date() });
    // @ts-expect-error a column without a default is missing
    media.insert({ slug: 'a', secret: 's' });
    // @ts-expect-error a number is no bigint
    media.insert({ slug: 'a', size: 1, secret: 's' });
    // @ts-expect-error computed by the database
    media.insert({ slug: 'a', size: 1n, secret: 's', words: 1 });
    // @ts-expect-error no such column
    media.insertMany([{ slug: 'a', size: 1n, secret: 's', colour: 'red' }]);
  });

  it('takes patches of what may be updated', () => {
    const media = storage.repository('media', { key: 'slug' });
    media.update('a', { title: 'A' });
    // @ts-expect-error never updated
    media.update('a', { secret: 's' });
    // @ts-expect-error not nullable
    media.update('a', { size: null });
    // @ts-expect-error `where` must be written out
    media.updateMany({}, { title: 'A' });
    // @ts-expect-error `where` must be written out
    media.deleteMany({});
  });

  it('takes conditions by the type of the column', () => {
    const media = storage.repository('media', { key: 'slug' });
    media.find({
      where: { size: { gte: 1n }, title: null, or: [{ slug: 'a' }, { not: { slug: { like: 'b%' } } }] },
    });
    media.find({ where: (eb) => eb('size', '>', 1n) });
    media.find({ orderBy: { title: { direction: 'desc', nulls: 'last' }, slug: 'asc' } });
    media.find({ where: { title: { endsWith: 'a', caseInsensitive: true } } });
    const files = (
      storage as unknown as Storage<{ file: { id: number; head: Uint8Array | null } }>
    ).repository('file', { key: 'id' });
    files.find({ where: { head: { startsWith: Uint8Array.of(1) } } });
    // @ts-expect-error a string is no bytes
    files.find({ where: { head: { contains: 'a' } } });
    // @ts-expect-error bytes are no text
    media.find({ where: { title: { endsWith: Uint8Array.of(1) } } });
    // @ts-expect-error a string is no bigint
    media.find({ where: { size: '1' } });
    // @ts-expect-error no such operator
    media.find({ where: { size: { above: 1n } } });
    // @ts-expect-error no such column
    media.find({ where: { colour: 'red' } });
    // @ts-expect-error no such column in a callback
    media.find({ where: (eb) => eb('colour', '=', 'red') });
    // @ts-expect-error no such direction
    media.find({ orderBy: { slug: 'up' } });
    // @ts-expect-error a null has no place in a list
    media.find({ where: { title: { in: [null] } } });
  });
});

describe('openStorage', () => {
  it('gives the transaction the same names as the storage', () => {
    storage.write(async (tx) => {
      expectTypeOf(tx.repository('media', { key: 'slug' })).toEqualTypeOf<Repository<DB, 'media', 'slug'>>();
      expectTypeOf(tx.kysely).toEqualTypeOf<Storage<DB>['kysely']>();
      // @ts-expect-error a transaction has no transactions of its own
      tx.write(async () => {});
    });
    expectTypeOf(storage.write(async () => 5)).resolves.toEqualTypeOf<number>();
    expectTypeOf(openStorage<DB>).returns.resolves.toEqualTypeOf<Storage<DB>>();
  });

  it('gives a snapshot the repositories and queries of the storage, and no more', async () => {
    await using snapshot = await storage.snapshot({ maxMs: 1, timeoutMs: 1 });
    expectTypeOf(snapshot.kysely).toEqualTypeOf<Storage<DB>['kysely']>();
    const media = storage.repository('media', { key: 'slug' });
    expectTypeOf(media.in(snapshot)).toEqualTypeOf(media);
    expectTypeOf(snapshot.repository('media', { key: 'slug' })).toEqualTypeOf(media);
    media.in(snapshot).stream({ orderBy: { title: 'asc' }, after: { title: null, slug: 'a' } });
    // @ts-expect-error a number is no slug
    media.in(snapshot).stream({ after: { slug: 1 } });
    // @ts-expect-error a snapshot has no transactions
    snapshot.write(async () => {});
  });

  it('gives each call of a batch its own result', () => {
    const media = storage.repository('media', { key: 'slug' });
    const query = storage.kysely.selectFrom('media').select('slug');
    const results = storage.batch((batch) => [
      media.in(batch).delete('a'),
      media.in(batch).get('a', { select: ['size'] }),
      media.in(batch).count(),
      batch.query(query),
    ]);
    expectTypeOf(results).resolves.toEqualTypeOf<
      [
        boolean,
        { size: bigint } | undefined,
        number,
        { readonly rows: { slug: string }[]; readonly affectedRows: number },
      ]
    >();
    // @ts-expect-error fails when all is stored
    storage.batch((batch) => [media.in(batch).getOrThrow('a')]);
    // @ts-expect-error a list and no promise
    storage.batch(async (batch) => [media.in(batch).count()]);
    // @ts-expect-error no such column
    storage.batch((batch) => [media.in(batch).update('a', { colour: 'red' })]);
  });

  it('gives each query of a batch its own rows', () => {
    const { kysely } = storage;
    const select = kysely.selectFrom('media').select('slug');
    const insert = kysely.insertInto('media').defaultValues();
    const results = storage.batch([select, insert, insert.returning('slug')]);
    expectTypeOf(results).resolves.toEqualTypeOf<
      [
        { readonly rows: { slug: string }[]; readonly affectedRows: number },
        { readonly rows: never[]; readonly affectedRows: number },
        { readonly rows: { slug: string }[]; readonly affectedRows: number },
      ]
    >();
    // @ts-expect-error a promise is no query
    storage.batch([select.execute()]);
  });

  it('takes changes by a number, and expressions, for the columns that can have them', () => {
    const media = storage.repository('media', { key: 'slug' });
    const votes = storage.repository('vote', { key: ['mediaSlug', 'userId'] });
    const key = { mediaSlug: 'a', userId: 1 };
    votes.update(key, { stars: increment() });
    votes.updateMany({ where: {}, limit: 5 }, { stars: decrement(2) });
    media.update('a', { size: increment(5n), title: (eb) => eb.fn.coalesce('title', eb.val('none')) });
    media.upsert({ slug: 'a', size: 1n, secret: 's' }, { update: { size: increment(1) } });
    // @ts-expect-error a number column takes no bigint
    votes.update(key, { stars: increment(1n) });
    // @ts-expect-error a time is no number
    media.update('a', { uploadedAt: increment(1) });
    // @ts-expect-error the expression is no number
    votes.update(key, { stars: (eb) => eb.val('five') });
    // @ts-expect-error a column that is never updated
    media.update('a', { secret: increment('1') });
    // @ts-expect-error an upsert takes no callback
    votes.upsert({ ...key, stars: 1 }, { update: { stars: (eb) => eb('stars', '+', 1) } });
  });

  it('says what becomes of rows whose key exists', () => {
    const votes = storage.repository('vote', { key: ['mediaSlug', 'userId'] });
    const rows = [{ mediaSlug: 'a', userId: 1, stars: 1 }];
    expectTypeOf(votes.insertMany(rows, { onConflict: 'ignore' })).resolves.toEqualTypeOf<number>();
    votes.load(rows, { onConflict: { update: ['stars'] } });
    votes.upsertMany(rows, { update: { stars: increment(1) } });
    // @ts-expect-error no such way
    votes.insertMany(rows, { onConflict: 'replace' });
    // @ts-expect-error no such column
    votes.insertMany(rows, { onConflict: { update: ['starz'] } });
  });

  it('returns the rows that are claimed, taken or updated first', () => {
    const votes = storage.repository('vote', { key: ['mediaSlug', 'userId'] });
    const query = { where: { stars: 1 }, orderBy: { userId: 'asc' } } as const;
    expectTypeOf(votes.claim({ ...query, limit: 2 }, { stars: 2 })).resolves.toEqualTypeOf<Vote[]>();
    expectTypeOf(votes.take(query)).resolves.toEqualTypeOf<Vote | undefined>();
    expectTypeOf(votes.updateOne(query, { stars: 2 })).resolves.toEqualTypeOf<Vote | undefined>();
    // @ts-expect-error a limit is required
    votes.claim(query, { stars: 2 });
    // @ts-expect-error it takes one row
    votes.take({ ...query, limit: 2 });
    // @ts-expect-error `where` is required
    votes.deleteMany({ limit: 5 });
  });

  it('watches tables that exist', async () => {
    const watch = await storage.watch(['media']);
    for await (const { tables } of watch) expectTypeOf(tables).toEqualTypeOf<readonly 'media'[]>();
    // @ts-expect-error no such table
    storage.watch(['medium']);
  });

  it('needs a URL and drivers', () => {
    // @ts-expect-error no drivers
    openStorage<DB>({ url: 'sqlite:./app.db' });
    // @ts-expect-error no URL
    openStorage<DB>({ drivers: [] });
  });
});
