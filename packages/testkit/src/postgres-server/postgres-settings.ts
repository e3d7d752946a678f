import { DEFAULT_POSTGRES_IMAGE } from './postgres-image.js';
import type { PostgresSettings, PostgresSource } from './postgres-source.js';
import { PostgresUnavailableError } from './postgres-unavailable-error.js';

/** Options of {@link startPostgresServer}. */
export interface PostgresServerOptions {
  /** The only permitted source. Default: `SLUICE_TEST_POSTGRES`, else the first available source. */
  readonly source?: PostgresSource;
  /**
   * Image of the container. It is pulled if it is not on this machine. Default: `SLUICE_TEST_POSTGRES_IMAGE`, else a pinned official one.
   */
  readonly image?: string;
  /** URL of a running server. The role needs the right to create databases. Default: `SLUICE_TEST_POSTGRES_URL`. */
  readonly url?: string;
  /**
   * Keeps `fsync` and `full_page_writes` on, for tests of power loss. Default: `false`, which is faster; data still survives the death of
   * the server process. A server that `url` names keeps its own settings.
   */
  readonly durable?: boolean;
  /** Timeout of Docker's answer, in milliseconds. Default: 10 000. */
  readonly dockerTimeoutMs?: number;
  /** Called with one line for each slow operation, such as the pull of an image. Default: none. */
  readonly onNotice?: (line: string) => void;
}

const DOCKER_TIMEOUT_MS = 10_000;

/** Adds the settings of the environment and the defaults. An empty variable counts as not set. */
export function readSettings(options: PostgresServerOptions, env: NodeJS.ProcessEnv): PostgresSettings {
  const image = options.image ?? (env.SLUICE_TEST_POSTGRES_IMAGE || undefined);
  return {
    source: options.source ?? readSource(env.SLUICE_TEST_POSTGRES),
    image: image ?? DEFAULT_POSTGRES_IMAGE,
    isImageExplicit: image !== undefined,
    url: options.url ?? (env.SLUICE_TEST_POSTGRES_URL || undefined),
    durable: options.durable ?? false,
    dockerTimeoutMs: options.dockerTimeoutMs ?? DOCKER_TIMEOUT_MS,
    onNotice: options.onNotice ?? (() => {}),
  };
}

function readSource(value: string | undefined): PostgresSource | undefined {
  if (value === undefined || value === '') return undefined;
  if (value === 'container' || value === 'url' || value === 'embedded') return value;
  throw new PostgresUnavailableError(
    `SLUICE_TEST_POSTGRES is "${value}"; it takes container, url or embedded`,
  );
}
