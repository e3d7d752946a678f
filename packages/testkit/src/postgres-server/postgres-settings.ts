import { DEFAULT_POSTGRES_IMAGE } from './postgres-image.js';
import type { PostgresSettings, PostgresSource } from './postgres-source.js';
import { PostgresUnavailableError } from './postgres-unavailable-error.js';

/** How {@link startPostgresServer} chooses and starts a server. */
export interface PostgresServerOptions {
  /** Allows this source alone. Default: `SLUICE_TEST_POSTGRES`, else the first that can be had. */
  readonly source?: PostgresSource;
  /** Image of the container; one that is not on this machine is pulled. Default: `SLUICE_TEST_POSTGRES_IMAGE`, else a pinned official one. */
  readonly image?: string;
  /** A running server; the role needs the right to create databases. Default: `SLUICE_TEST_POSTGRES_URL`. */
  readonly url?: string;
  /**
   * Leaves `fsync` and `full_page_writes` on, for tests of power loss. Default: `false`, which is faster and
   * still survives the death of the server process. A server named by `url` keeps its own settings.
   */
  readonly durable?: boolean;
  /** How long Docker may take to answer, in milliseconds. Default: 10 000. */
  readonly dockerTimeoutMs?: number;
  /** Hears of what takes long, such as the pull of an image, one line each. Default: nobody does. */
  readonly onNotice?: (line: string) => void;
}

const DOCKER_TIMEOUT_MS = 10_000;

/** Fills in the environment's choices and the defaults. An empty variable counts as not set. */
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
