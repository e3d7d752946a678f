import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, MigrationError } from '../errors/usage-errors.js';
import { describeKind } from '../options/known-options.js';
import { FolderMigrationProvider } from './folder-migration-provider.js';
import type { StorageMigration, StorageMigrationProvider } from './storage-migration.js';

/**
 * Where migrations come from: a folder of modules, as a `file:` URL or as a path (a relative one from the working directory); a provider, such as one of
 * Kysely's; or the migrations themselves, each under its name.
 */
export type MigrationSource =
  | URL
  | string
  | StorageMigrationProvider
  | Readonly<Record<string, StorageMigration>>;

/** Several sources as one. A name that two of them have is refused. */
export class MigrationSources implements StorageMigrationProvider {
  readonly #sources: readonly { readonly place: string; readonly provider: StorageMigrationProvider }[];

  constructor(sources: MigrationSource | readonly MigrationSource[]) {
    const list = isList(sources) ? sources : [sources];
    this.#sources = list.map((source, index) => ({
      place: placeOf(source) ?? `source ${index + 1}`,
      provider: providerOf(source),
    }));
  }

  /** @throws MigrationError for a name that comes twice, naming both places; what a source throws. */
  async getMigrations(): Promise<Record<string, StorageMigration>> {
    const found = new Map<string, { readonly migration: StorageMigration; readonly place: string }>();
    for (const { place, provider } of this.#sources)
      for (const [name, migration] of Object.entries(await provider.getMigrations())) {
        const other = found.get(name);
        if (other !== undefined) throw duplicate(name, other.place, place);
        found.set(name, { migration, place });
      }
    return Object.fromEntries([...found].map(([name, { migration }]) => [name, migration]));
  }
}

function isList(
  sources: MigrationSource | readonly MigrationSource[],
): sources is readonly MigrationSource[] {
  return Array.isArray(sources);
}

function providerOf(source: MigrationSource): StorageMigrationProvider {
  if (typeof source === 'string' || source instanceof URL)
    return new FolderMigrationProvider(folderUrl(source));
  if (typeof source !== 'object' || source === null)
    throw new ConfigurationError(
      'invalid_configuration',
      `\`migrations\` takes folders, providers and objects of migrations, not ${describeKind(source)}.`,
    );
  if (isProvider(source)) return source;
  return { getMigrations: async () => ({ ...source }) };
}

function isProvider(source: object): source is StorageMigrationProvider {
  return 'getMigrations' in source && typeof source.getMigrations === 'function';
}

function folderUrl(source: URL | string): URL {
  if (source instanceof URL) return source;
  return source.startsWith('file:') ? new URL(source) : pathToFileURL(resolve(source));
}

function placeOf(source: MigrationSource): string | undefined {
  return typeof source === 'string' || source instanceof URL ? folderUrl(source).pathname : undefined;
}

function duplicate(migration: string, first: string, second: string): MigrationError {
  const message = `Two migrations have the name "${migration}", in ${first} and in ${second}; nothing was run. Rename the one that no database has yet.`;
  return new MigrationError(message, { migration });
}
