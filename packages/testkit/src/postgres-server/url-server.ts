import { inspectServer } from './postgres-database.js';
import type { PostgresSettings, RunningServer } from './postgres-source.js';
import { reasonOf } from './postgres-unavailable-error.js';

/** Uses the server that `SLUICE_TEST_POSTGRES_URL` names. It is neither started nor stopped here. */
export async function useUrlServer({ url }: PostgresSettings): Promise<RunningServer> {
  if (url === undefined) throw new Error('SLUICE_TEST_POSTGRES_URL is not set');
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    throw new Error('SLUICE_TEST_POSTGRES_URL is not a postgres:// URL');
  }
  const { host } = new URL(url);
  try {
    await inspectServer(url);
  } catch (cause) {
    throw new Error(`the server of SLUICE_TEST_POSTGRES_URL (${host}) refuses: ${reasonOf(cause)}`, {
      cause,
    });
  }
  return { url, origin: `SLUICE_TEST_POSTGRES_URL (${host})`, stop: async () => {} };
}
