import type { Driver } from '../driver/driver.js';
import { ConfigurationError } from '../errors/usage-errors.js';
import type { MigrationSource } from '../migrations/migration-sources.js';
import { assertKnownOptions, describeKind, type OptionNames } from '../options/known-options.js';

/** The options of `openStorage`. */
export interface StorageOptions {
  /** `sqlite:PATH`, `sqlite::memory:`, `postgres://…` or `postgresql://…`. The scheme selects the driver. */
  readonly url: string;
  /** The drivers to select from. */
  readonly drivers: readonly Driver[];
  /**
   * A folder of migration modules (a `file:` URL, or a path), a provider of migrations, such as one of Kysely's, or migrations by their names. Or a list of
   * these: the order is that of the names, whatever their source, and a name that comes twice is refused by a MigrationError. Default: none.
   */
  readonly migrations?: MigrationSource | readonly MigrationSource[] | undefined;
  /**
   * Whether a backup is written beside the database before the first pending migration runs. Only when the driver has a path for it, as for a
   * SQLite file, and the database contains tables. A backup replaces the one that a failed attempt at the same migrations left, and the last `keep`
   * of them are kept. The event `backup` has the paths, and so has the MigrationError of an attempt that fails. Default `{ keep: 3 }`.
   */
  readonly backupBeforeMigrating?: boolean | { readonly keep: number } | undefined;
  /** Whether names are camelCase in the application and snake_case in the database: `uploadedAt` and `uploaded_at`. Default false. */
  readonly camelCase?: boolean | undefined;
  /** The timeout of calls without a `timeoutMs` of their own, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

const NAMES: OptionNames<Required<StorageOptions>> = {
  url: true,
  drivers: true,
  migrations: true,
  backupBeforeMigrating: true,
  camelCase: true,
  timeoutMs: true,
};

/** Checks the names and the kinds of all options. @throws ConfigurationError `invalid_configuration`, naming the option, never the URL. */
export function assertStorageOptions(options: StorageOptions): void {
  assertKnownOptions<StorageOptions>('openStorage', options, NAMES);
  const { url, drivers, backupBeforeMigrating, camelCase, timeoutMs } = options;
  if (typeof url !== 'string') throw invalid(`\`url\` must be a string; it is ${describeKind(url)}.`);
  if (!Array.isArray(drivers))
    throw invalid(`\`drivers\` must be an array of drivers; it is ${describeKind(drivers)}.`);
  drivers.forEach(assertDriver);
  if (typeof backupBeforeMigrating === 'object')
    assertKnownOptions<{ keep: number }>('backupBeforeMigrating', backupBeforeMigrating, { keep: true });
  if (camelCase !== undefined && typeof camelCase !== 'boolean')
    throw invalid(`\`camelCase\` must be true or false; it is ${describeKind(camelCase)}.`);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0))
    throw invalid('`timeoutMs` must be a number of milliseconds above 0.');
}

function assertDriver(driver: unknown, index: number): void {
  if (typeof driver === 'function') {
    const call = driver.name === '' ? 'the function' : `${driver.name}()`;
    throw invalid(`\`drivers[${index}]\` is a function that makes a driver. Call it: write ${call}.`);
  }
  const { open, schemes } = (driver ?? {}) as Partial<Driver>;
  if (typeof open === 'function' && Array.isArray(schemes)) return;
  throw invalid(`\`drivers[${index}]\` is no driver; it is ${describeKind(driver)}.`);
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}

const DEFAULT_KEPT_BACKUPS = 3;

/** How many backups from before migrations are kept; 0 when none is written. @throws ConfigurationError `invalid_configuration`. */
export function keptBackups({ backupBeforeMigrating: option = true }: StorageOptions): number {
  if (option === false) return 0;
  const keep = option === true ? DEFAULT_KEPT_BACKUPS : option.keep;
  if (Number.isSafeInteger(keep) && keep >= 1) return keep;
  throw invalid('`backupBeforeMigrating` must be true, false, or { keep } with a whole number from 1.');
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
