import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '@sluice/core';
import { PACKAGE_VERSION } from './versions.js';

const PACKAGE = '@sluice/sqlite-driver';

/** How bundlers are told to leave the driver out. */
export const KEEP_OUT: string =
  `esbuild --external:${PACKAGE} --external:better-sqlite3; Rolldown \`external\`, webpack \`externals\`, Vite \`ssr.external\` or Next.js ` +
  `\`serverExternalPackages\`: ['${PACKAGE}', 'better-sqlite3']`;

/** A module that every copy of the package has. */
const KNOWN_MODULE = 'writer/writer-thread.js';

let folder: URL | undefined;

/** Each URL is one object: spare threads are kept by it. */
const urls = new Map<string, URL>();

/**
 * The URL of a module of this package that runs in a thread or a process of its own. In an application that a bundler has put into one file, the modules are not
 * beside this one; they are then those of the installed package.
 *
 * @param path relative to the folder of the compiled package: `writer/writer-thread.js`.
 * @throws ConfigurationError `invalid_configuration` when the package is not installed where the bundle runs, or in another version.
 */
export function ownModule(path: string): URL {
  const known = urls.get(path);
  if (known !== undefined) return known;
  folder ??= ownFolder() ?? installedFolder();
  const url = new URL(path, folder);
  urls.set(path, url);
  return url;
}

function ownFolder(): URL | undefined {
  // A bundle of CommonJS has no URL of its own.
  if (import.meta.url === undefined) return undefined;
  const own = new URL('../', import.meta.url);
  return existsSync(new URL(KNOWN_MODULE, own)) ? own : undefined;
}

function installedFolder(): URL {
  const manifest = installedManifest();
  if (manifest === undefined) throw bundled(`${PACKAGE} is not installed beside it`);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
  if (version !== PACKAGE_VERSION)
    throw bundled(`the installed ${PACKAGE} is ${version}, the one in the bundle ${PACKAGE_VERSION}`);
  return new URL('dist/', pathToFileURL(manifest));
}

/** The path of the installed package's manifest, looked for from the bundle, the main script and the current folder. */
function installedManifest(): string | undefined {
  // webpack would put its own function in the place of an imported one.
  const { createRequire } = process.getBuiltinModule('node:module');
  for (const place of [import.meta.url, process.argv[1], `${process.cwd()}/index.js`]) {
    try {
      if (place !== undefined) return createRequire(place).resolve(`${PACKAGE}/package.json`);
    } catch {
      // It is not installed there.
    }
  }
  return undefined;
}

function bundled(why: string): ConfigurationError {
  return new ConfigurationError(
    'invalid_configuration',
    `The SQLite driver runs threads from files of its own, which are not in this bundle, and ${why}. Install that version where the application runs, and best ` +
      `leave it out of the bundle: ${KEEP_OUT}.`,
  );
}
