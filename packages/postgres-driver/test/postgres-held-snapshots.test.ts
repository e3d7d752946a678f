import { ConnectionError, SluiceError } from '@sluice/core';
import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTables } from './opened-storage.js';

interface Tables {
  event: { at: Date; body: string };
}

const EVENTS = [
  'create table event (at timestamptz primary key, body text not null)',
  `insert into event values ('2024-01-01 00:00:00.000001Z', 'a'), ('2024-01-01 00:00:00.000002Z', 'b'), ('2024-01-01 00:00:00.000003Z', 'c')`,
];

test('a snapshot whose backend is terminated says so, and harms nobody else', async () => {
  const { storage } = await openTables<Tables>(EVENTS);
  const events = storage.repository('event', { key: 'at', as: { at: 'text' } });
  const snapshot = await storage.snapshot();
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(snapshot.kysely);
  await sql`select pg_terminate_backend(${rows[0]?.pid}::int, 5000)`.execute(storage.kysely);
  const lost = await rejection(events.in(snapshot).count());
  expect(lost).toBeInstanceOf(ConnectionError);
  expect(lost).toMatchObject({ code: 'connection_lost' });
  expect(await rejection(events.in(snapshot).count())).toBeInstanceOf(SluiceError);
  await snapshot.close();
  expect(await events.count()).toBe(3);
  await using another = await storage.snapshot();
  expect(await events.in(another).count()).toBe(3);
});

test('times as text are selected, paged and sought in a snapshot with every digit', async () => {
  const { storage } = await openTables<Tables>(EVENTS);
  const events = storage.repository('event', { key: 'at', as: { at: 'text' } });
  await using snapshot = await storage.snapshot();
  await events.deleteMany({ where: {} });
  const held = events.in(snapshot);
  const { rows, nextCursor } = await held.page({ select: ['body'], size: 1 });
  expect(rows).toStrictEqual([{ body: 'a' }]);
  const rest: unknown[] = [];
  for await (const row of held.stream({ select: ['at', 'body'], cursor: nextCursor })) rest.push(row);
  expect(rest).toMatchObject([{ body: 'b' }, { body: 'c' }]);
  const [{ at }] = rest as [{ at: string }];
  expect(at).toContain('.000002');
  expect(await held.get(at, { select: ['body'] })).toStrictEqual({ body: 'b' });
  expect(await held.getMany([at], { select: ['body'] })).toStrictEqual([{ body: 'b' }]);
  for await (const row of held.stream({ after: { at } })) expect(row.body).toBe('c');
});
