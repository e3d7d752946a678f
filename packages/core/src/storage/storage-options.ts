import type { MigrationProvider } from 'kysely/migration';
import type { Driver } from '../driver/driver.js';
import { ConfigurationError } from '../errors/usage-errors.js';

/** What `openStorage` takes. */
export interface StorageOptions {
  /** `sqlite:PATH`, `sqlite::memory:`, `postgres://…` or `postgresql://…`; the scheme chooses the driver. */
  readonly url: string;
  /** The drivers to choose from. */
  readonly drivers: readonly Driver[];
  /** A folder of migration modules (a `file:` URL), or a Kysely MigrationProvider. Default: none. */
  readonly migrations?: URL | MigrationProvider | undefined;
  /**
   * Whether a copy of the database is written beside it before the first pending migration runs, where the driver knows where to: for a
   * SQLite file that holds tables. Copies are kept until you delete them; `storage.on('backup')` tells their paths. Default true.
   */
  readonly backupBeforeMigrating?: boolean | undefined;
  /** Whether `uploadedAt` in the application is `uploaded_at` in the database. Default false. */
  readonly camelCase?: boolean | undefined;
  /** Deadline of a call that states none, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** Finds the driver of a URL. @throws ConfigurationError `unknown_scheme` or `driver_missing`, without the URL's credentials. */
export function chooseDriver({ url, drivers }: Pick<StorageOptions, 'drivers' | 'url'>): Driver {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    throw new ConfigurationError(
      'unknown_scheme',
      'The URL has no scheme. Write sqlite:PATH for a SQLite file or postgres://USER:PASSWORD@HOST/DATABASE for PostgreSQL.',
    );
  }
  const driver = drivers.find(({ schemes }) => schemes.includes(scheme));
  if (driver !== undefined) return driver;
  const known = KNOWN_DRIVERS[scheme];
  if (known !== undefined) {
    throw new ConfigurationError(
      'driver_missing',
      `No driver for "${scheme}:" was given. Install ${known.package} and add ${known.call} to \`drivers\`.`,
    );
  }
  const offered = drivers.flatMap(({ schemes }) => schemes.map((each) => `${each}:`)).join(', ');
  throw new ConfigurationError(
    'unknown_scheme',
    `No driver answers to "${scheme}:". The drivers given answer to: ${offered || 'nothing'}.`,
  );
}

/** The drivers that come with Sluice, so that a missing one can be named. */
const KNOWN_DRIVERS: Readonly<
  Record<string, { readonly package: string; readonly call: string } | undefined>
> = {
  postgres: { package: '@sluice/postgres-driver', call: 'postgres()' },
  postgresql: { package: '@sluice/postgres-driver', call: 'postgres()' },
  sqlite: { package: '@sluice/sqlite-driver', call: 'sqlite()' },
};
