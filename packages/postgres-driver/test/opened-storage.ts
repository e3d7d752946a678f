import { openStorage, type Storage } from '@sluice/core';
import { type PostgresOptions, postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { sql } from 'kysely';
import { afterEach } from 'vitest';

/** Tables whose rows the tests treat as they come. */
export interface AnyTables {
  readonly [table: string]: Readonly<Record<string, unknown>>;
}

/** A storage on a database of its own, for one test. */
export interface OpenedStorage<DB> {
  readonly url: string;
  readonly storage: Storage<DB>;
}

const opened: Storage<unknown>[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});

/** Opens a fresh database, or the one at `url`, after `schema` was run in it, and closes it after the test. */
export async function openTables<DB>(
  schema: readonly string[],
  options: PostgresOptions & { readonly url?: string } = {},
): Promise<OpenedStorage<DB>> {
  const { url = await temporaryPostgresUrl(), ...rest } = options;
  const before = await openStorage<DB>({ url, drivers: [postgres()] });
  for (const statement of schema) await sql.raw(statement).execute(before.kysely);
  await before.close();
  const storage = await openStorage<DB>({ url, drivers: [postgres(rest)] });
  opened.push(storage as Storage<unknown>);
  return { url, storage };
}
