import { ConfigurationError, type Driver, SingleConnectionDatabase } from '@sluice/core';
import { PgliteConnection } from './pglite-connection.js';

/** Options of {@link pglite}. */
export interface PgliteOptions {
  /** The maximum number of waiting calls. One more is refused. Default 10,000. */
  readonly queueLimit?: number | undefined;
}

/**
 * A driver for PGlite, which is PostgreSQL in WebAssembly. It runs in memory, on a thread of this process. Its URL is `pglite::memory:`.
 */
export function pglite({ queueLimit = 10_000 }: PgliteOptions = {}): Driver {
  return {
    name: 'pglite',
    schemes: ['pglite'],
    open: async (url) => {
      if (url !== 'pglite::memory:') {
        const message =
          'PGlite is opened in memory only, because two processes would destroy its folder. Write pglite::memory:.';
        throw new ConfigurationError('invalid_configuration', message);
      }
      const connection = await PgliteConnection.open();
      return new SingleConnectionDatabase(connection, {
        name: 'PGlite',
        sql: connection.family.sql,
        capabilities: { durable: false, sharedBetweenProcesses: false, maxParameters: 65_535 },
        queueLimit,
        begin: ({ access }) =>
          access === 'read' ? 'begin isolation level repeatable read read only' : 'begin',
      });
    },
  };
}
