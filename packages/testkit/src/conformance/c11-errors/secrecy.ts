import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';

const SECRET = 'hunter2-secret';

/** Error messages never contain values. */
export function secrecyCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const notes = () => fixture.storage.repository('note', { key: 'id' });
  const calls: readonly [string, () => Promise<unknown>][] = [
    ['a unique violation', () => accounts().insert({ name: SECRET, balance: 2 })],
    [
      'a value that is refused',
      () => notes().insert({ id: 1, rank: SECRET as never, body: null, pinned: null }),
    ],
    ['a key that is refused', () => accounts().get({ name: { eq: SECRET } } as never)],
    ['a condition that is refused', () => notes().find({ where: { rank: SECRET as never } })],
    ['a list that is refused', () => notes().find({ where: { rank: { in: [SECRET as never] } } })],
    ['a cursor that is refused', () => notes().page({ size: 1, cursor: SECRET })],
    ['a direction that is refused', () => notes().find({ orderBy: { id: SECRET as never } })],
    ['a foreign key violation', () => bookBy(SECRET)],
    ['a check violation', () => ruleNamed(SECRET)],
    [
      'a plain query that is refused',
      () => fixture.storage.kysely.insertInto('account').values({ name: SECRET, balance: 1 }).execute(),
    ],
    ['a row that is not found', () => accounts().getOrThrow(`${SECRET}2`)],
  ];
  const bookBy = (title: string): Promise<unknown> =>
    fixture.storage
      .repository('book', { key: 'id' })
      .insert({ id: 1, author_id: 404, title, isbn: null, shelf: 1, slot: 1 });
  const ruleNamed = (name: string): Promise<unknown> =>
    fixture.storage.repository('rule', { key: 'id' }).insert({ id: 1, low: 2, high: 1, name });

  describe('secrecy', () => {
    for (const [what, call] of calls) {
      test(`C11 the message of ${what} holds no value`, async () => {
        await accounts().insert({ name: SECRET, balance: 1 });
        const error = await rejection(call());
        expect(String(error)).not.toContain(SECRET);
        // The `cause` is the engine's own error and may contain values. Our own properties may not.
        const { cause: _, ...own } = { ...(error as Error) };
        expect(inspect(own)).not.toContain(SECRET);
      });
    }
  });
}
