import { ConfigurationError } from '@sluice/core';
import pgpass from 'pgpass';

/** The server and the user that a password belongs to. */
export interface PasswordOwner {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly database: string | undefined;
}

/**
 * Gives the function that supplies a connection's password: the given one, else PGPASSWORD, else the password file. That file is the one PGPASSFILE
 * names, else `~/.pgpass`; only its owner may have permission to read it (postgresql.org/docs/current/libpq-pgpass.html).
 *
 * @throws ConfigurationError (the returned function) when there is no password.
 */
export function passwordSource(
  given: string | (() => string | Promise<string>) | undefined,
  owner: PasswordOwner,
): () => Promise<string> {
  return async () => {
    const found =
      typeof given === 'function'
        ? await call(given)
        : (given ?? process.env.PGPASSWORD ?? (await readPasswordFile(owner)));
    if (typeof found === 'string') return found;
    throw new ConfigurationError(
      'invalid_configuration',
      'The server asks for a password and none was given. Put it in the URL, in the option `password`, in PGPASSWORD, or in a password file (~/.pgpass, PGPASSFILE) that only its owner can read.',
    );
  };
}

async function call(password: () => string | Promise<string>): Promise<string> {
  try {
    return await password();
  } catch (cause) {
    const message = 'The function given as the option `password` failed.';
    throw new ConfigurationError('invalid_configuration', message, { cause });
  }
}

/** The default database has the user's name. */
function readPasswordFile({ host, port, user, database }: PasswordOwner): Promise<string | undefined> {
  const name = user ?? '';
  return new Promise((resolve) => pgpass({ host, port, user: name, database: database ?? name }, resolve));
}
