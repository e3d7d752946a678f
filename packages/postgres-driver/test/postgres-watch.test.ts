import type { TableWatch } from '@sluice/core';
import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { PostgresChanges } from '../src/changes/change-listener.js';
import { installTriggers } from '../src/changes/change-triggers.js';
import { resolvePostgresConfig } from '../src/options/options.js';
import { openDatabase } from './opened-database.js';
import { type AnyTables, type OpenedStorage, openTables } from './opened-storage.js';

interface Tables {
  readonly job: { readonly id: number };
  readonly Other: { readonly id: number };
}

const openWithTables = (): Promise<OpenedStorage<Tables>> =>
  openTables(['create table job (id integer primary key)', 'create table "Other" (id integer primary key)']);

const open = async (url: string, options: Parameters<typeof openTables>[1] = {}) =>
  (await openTables<Tables>([], { ...options, url })).storage;

async function tablesOf<T extends string>(watch: TableWatch<T>): Promise<readonly T[]> {
  return (await watch[Symbol.asyncIterator]().next()).value.tables;
}

test('names the table that was changed, and nothing that was rolled back', async () => {
  const { storage } = await openWithTables();
  await using watch = await storage.watch(['job', 'Other']);
  const undone = storage.write(async (tx) => {
    await tx.repository('job', { key: 'id' }).insert({ id: 1 });
    throw new Error('undone');
  });
  expect(await rejection(undone)).toMatchObject({ message: 'undone' });
  // Notifications come in the order of the commits: one of the first would be here by now.
  await storage.repository('Other', { key: 'id' }).insert({ id: 1 });
  expect(await tablesOf(watch)).toStrictEqual(['Other']);
  await sql`truncate job`.execute(storage.kysely);
  expect(await tablesOf(watch)).toStrictEqual(['job']);
});

test('names a table of another schema as the application does', async () => {
  const { storage, url } = await openTables<{
    readonly 'billing.invoice': { readonly id: number };
    readonly 'public.invoice': { readonly id: number };
    readonly invoice: { readonly id: number };
    readonly 'billing.Paid': { readonly id: number };
  }>([
    'create table invoice (id integer primary key)',
    'create schema billing',
    'create table billing.invoice (id integer primary key)',
    'create table billing."Paid" (id integer primary key)',
    'create view billing.seen as select id from billing.invoice',
  ]);
  const { storage: other } = await openTables<AnyTables>([], { url });
  await using watch = await storage.watch(['billing.invoice', 'billing.Paid', 'public.invoice', 'invoice']);
  await other.repository('billing.invoice', { key: 'id' }).insert({ id: 1 });
  expect(await tablesOf(watch)).toStrictEqual(['billing.invoice']);
  await sql`insert into billing."Paid" values (1)`.execute(other.kysely);
  expect(await tablesOf(watch)).toStrictEqual(['billing.Paid']);
  await other.repository('invoice', { key: 'id' }).insert({ id: 1 });
  expect(await tablesOf(watch)).toStrictEqual(['public.invoice', 'invoice']);
  expect(await rejection(other.watch(['billing.missing']))).toMatchObject({ code: 'unknown_table' });
  expect(await rejection(other.watch(['missing.invoice']))).toMatchObject({ code: 'unknown_table' });
  expect(await rejection(other.watch(['billing.seen']))).toMatchObject({ code: 'invalid_query' });
});

test('several processes that begin to watch at the same time make one trigger', async () => {
  const { url, storage } = await openWithTables();
  const others = await Promise.all(Array.from({ length: 4 }, () => open(url)));
  const watches = await Promise.all(others.map((other) => other.watch(['job', 'Other'])));
  await storage.repository('job', { key: 'id' }).insert({ id: 1 });
  expect(await Promise.all(watches.map(tablesOf))).toStrictEqual(watches.map(() => ['job']));
  const { rows } = await sql`select tgname from pg_trigger where not tgisinternal`.execute(storage.kysely);
  expect(rows).toStrictEqual([{ tgname: 'sluice_watch' }, { tgname: 'sluice_watch' }]);
});

test('what may have been missed while the connection was lost is reported', async () => {
  const { url, storage } = await openWithTables();
  const watching = await open(url, { applicationName: 'watching' });
  await using watch = await watching.watch(['job', 'Other']);
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'watching' and query ilike 'listen%'
  `.execute(storage.kysely);
  expect(await tablesOf(watch)).toStrictEqual(['job', 'Other']);
  await storage.repository('job', { key: 'id' }).insert({ id: 1 });
  expect(await tablesOf(watch)).toStrictEqual(['job']);
});

test('a role that may not create triggers is told what to have the owner run; then it watches', async () => {
  const { url, storage } = await openWithTables();
  const role = `watcher_${process.pid}`;
  const owner = new Client(url);
  await owner.connect();
  await owner.query(`create role ${role} login password 'p'; grant select on job to ${role}`);
  try {
    const address = Object.assign(new URL(url), { username: role, password: 'p' });
    const restricted = await open(String(address));
    const refused = await rejection(restricted.watch(['job']));
    expect(refused).toMatchObject({ name: 'ConfigurationError', code: 'invalid_configuration' });
    await owner.query(String(refused).replace(/.*run once: /s, ''));
    await using watch = await restricted.watch(['job']);
    await storage.repository('job', { key: 'id' }).insert({ id: 1 });
    expect(await tablesOf(watch)).toStrictEqual(['job']);
    await restricted.close();
  } finally {
    await owner.query(`drop owned by ${role}; drop role ${role}`);
    await owner.end();
  }
});

test('beginning to watch gives up on a table that somebody writes to, rather than have all others wait', async () => {
  const { storage } = await openWithTables();
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const writing = storage.write(async (tx) => {
    await tx.repository('job', { key: 'id' }).insert({ id: 1 });
    begun.resolve();
    await ended.promise;
  });
  await begun.promise;
  const refused = await rejection(storage.watch(['job'], { timeoutMs: 1500 }));
  expect(refused).toMatchObject({ code: 'timeout' });
  ended.resolve();
  await writing;
  await using watch = await storage.watch(['job']);
  await storage.repository('job', { key: 'id' }).insert({ id: 2 });
  expect(await tablesOf(watch)).toStrictEqual(['job']);
});

test('behind a pooler in transaction mode it is refused', async () => {
  const { url } = await openWithTables();
  const storage = await open(url, { pooler: 'transaction' });
  expect(storage.capabilities.watchesChanges).toBe(false);
  expect(await rejection(storage.watch(['job']))).toMatchObject({ code: 'unsupported' });
});

test('a table that is dropped and made again ends its watch', async () => {
  const { url, database, run } = await openDatabase();
  await run('create table job (id integer primary key)');
  const config = resolvePostgresConfig(url, {}, { values: 'portable', isolation: 'serializable' });
  const ids = await installTriggers(database, ['job'], {});
  const changes = new PostgresChanges(config, 20);
  try {
    await run('drop table job');
    const failure = Promise.withResolvers<unknown>();
    await changes.watch(ids, { changed: () => {}, failed: failure.resolve }, {});
    expect(await failure.promise).toMatchObject({ code: 'connection_lost' });
  } finally {
    await changes.close();
  }
});
