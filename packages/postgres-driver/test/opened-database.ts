import { type PostgresOptions, postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { type OpenedDatabase, openDatabase as open } from '@sluice/testkit/driver-tests';

/** Opens a fresh database, or the one at `url`, and closes it after the test. */
export async function openDatabase(
  options: PostgresOptions & { url?: string } = {},
): Promise<OpenedDatabase> {
  const { url = await temporaryPostgresUrl(), ...rest } = options;
  return open(postgres(rest), url);
}
