import { type PostgresOptions, postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { type OpenedDatabase, openDatabase as open, until } from '@sluice/testkit/driver-tests';

/** Opens a fresh database, or the one at `url`, and closes it after the test. */
export async function openDatabase(
  options: PostgresOptions & { url?: string } = {},
): Promise<OpenedDatabase> {
  const { url = await temporaryPostgresUrl(), ...rest } = options;
  return open(postgres(rest), url);
}

/** Waits until the pool has so many connections, and so many of them idle: a session is reset after its caller has the answer. */
export async function untilPool(
  { database }: Pick<OpenedDatabase, 'database'>,
  poolTotal: number,
  poolIdle: number,
): Promise<void> {
  await until(() => {
    const { engine } = database.metrics();
    return engine.poolTotal === poolTotal && engine.poolIdle === poolIdle;
  });
}
