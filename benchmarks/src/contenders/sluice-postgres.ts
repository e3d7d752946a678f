import { postgres } from '@sluice/postgres-driver';
import type { Contender } from '../contender.ts';
import { POOL_SIZE } from './pg.ts';
import { open, sluiceSession } from './sluice-session.ts';

/** Sluice with its PostgreSQL driver. */
export const sluicePostgres: Contender = {
  engine: 'postgres',
  packages: ['@sluice/core', '@sluice/postgres-driver', 'pg'],
  async open({ location }) {
    const storage = await open({ url: location, drivers: [postgres({ poolSize: POOL_SIZE })] });
    return sluiceSession(storage, { pool: POOL_SIZE });
  },
};
