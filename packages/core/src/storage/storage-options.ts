import type { MigrationProvider } from 'kysely/migration';
import type { Driver } from '../driver/driver.js';
import { ConfigurationError } from '../errors/usage-errors.js';

/** The options of `openStorage`. */
export interface StorageOptions {
  /** `sqlite:PATH`, `sqlite::memory:`, `postgres://…` or `postgresql://…`. The scheme selects the driver. */
  readonly url: string;
  /** The drivers to select from. */
  readonly drivers: readonly Driver[];
  /** A folder of migration modules (a `file:` URL), or a Kysely MigrationProvider. Default: none. */
  readonly migrations?: URL | MigrationProvider | undefined;
  /**
   * Whether a backup is written beside the database before the first pending migration runs. Only when the driver has a path for it, as for a
   * SQLite file, and the database contains tables. Sluice never deletes these backups; the event `backup` has their paths. Default true.
   */
  readonly backupBeforeMigrating?: boolean | undefined;
  /** Whether names are camelCase in the application and snake_case in the database: `uploadedAt` and `uploaded_at`. Default false. */
  readonly camelCase?: boolean | undefined;
  /** The timeout of calls without a `timeoutMs` of their own, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** Selects the driver for a URL. @throws ConfigurationError `unknown_scheme` or `driver_missing`, without the URL's credentials. */
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

/** Sluice's own drivers, so that the error for a missing one can name its package. */
const KNOWN_DRIVERS: Readonly<
  Record<string, { readonly package: string; readonly call: string } | undefined>
> = {
  postgres: { package: '@sluice/postgres-driver', call: 'postgres()' },
  postgresql: { package: '@sluice/postgres-driver', call: 'postgres()' },
  sqlite: { package: '@sluice/sqlite-driver', call: 'sqlite()' },
};
