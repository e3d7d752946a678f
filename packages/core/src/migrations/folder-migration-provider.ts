import { readdir } from 'node:fs/promises';
import { ConfigurationError, MigrationError } from '../errors/usage-errors.js';
import type { StorageMigration, StorageMigrationProvider } from './storage-migration.js';

const MODULE = /(?<!\.d)\.m?[jt]s$/;

/**
 * Reads migrations from a folder. Each module is one migration: its name is the file's name without the extension, and it exports `up` and,
 * usually, `down`; and `transaction = false` when it must not run in a transaction.
 *
 * @throws ConfigurationError `invalid_configuration` when the folder cannot be read; MigrationError when a module exports no `up`.
 */
export class FolderMigrationProvider implements StorageMigrationProvider {
  readonly #folder: URL;

  constructor(folder: URL) {
    this.#folder = folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`);
  }

  async getMigrations(): Promise<Record<string, StorageMigration>> {
    const migrations: Record<string, StorageMigration> = {};
    for (const file of await this.#files()) {
      const name = file.replace(MODULE, '');
      const module: unknown = await import(new URL(encodeURIComponent(file), this.#folder).href);
      if (!isMigration(module)) {
        throw new MigrationError(`The migration "${name}" exports no function \`up\`.`, { migration: name });
      }
      migrations[name] = module;
    }
    return migrations;
  }

  async #files(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).filter((file) => MODULE.test(file)).sort();
    } catch (cause) {
      throw new ConfigurationError(
        'invalid_configuration',
        `The folder of migrations cannot be read: ${this.#folder.pathname}. Give \`migrations\` a URL such as ${EXAMPLE}.`,
        { cause },
      );
    }
  }
}

const EXAMPLE = `new URL('./migrations/', import.meta.url)`;

function isMigration(module: unknown): module is StorageMigration {
  return typeof module === 'object' && module !== null && 'up' in module && typeof module.up === 'function';
}
