import { resolve } from 'node:path';
import { ConfigurationError } from '@sluice/core/errors';

/** A database that a URL or path names. */
export type Location =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'sqlite'; readonly path: string };

/**
 * Parses `sqlite:PATH`, a plain path, or `postgres://…`.
 *
 * @throws ConfigurationError for any other scheme. The message does not contain the URL.
 */
export function locate(place: string): Location {
  const scheme = /^([a-z][a-z0-9+]+):/i.exec(place)?.[1]?.toLowerCase();
  if (scheme === 'postgres' || scheme === 'postgresql') return { kind: 'postgres', url: place };
  if (scheme === undefined) return { kind: 'sqlite', path: resolve(place) };
  if (scheme !== 'sqlite') {
    throw new ConfigurationError('unknown_scheme', 'Write sqlite:PATH or postgres://USER@HOST/DATABASE.');
  }
  const rest = place.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  if (rest === '' || rest === ':memory:') {
    throw new ConfigurationError(
      'invalid_configuration',
      'A transfer needs a SQLite file: write sqlite:PATH.',
    );
  }
  return { kind: 'sqlite', path: resolve(rest) };
}
