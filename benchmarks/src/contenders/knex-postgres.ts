import knexModule from 'knex';
import type { Contender } from '../contender.ts';
import { knexSession } from './knex-session.ts';
import { POOL_SIZE, postgresSettings } from './pg.ts';
import { Replays } from './replay.ts';

/** knex with its pg client. */
export const knexPostgres: Contender = {
  engine: 'postgres',
  packages: ['knex', 'pg'],
  open({ location }) {
    const knex = knexModule({ client: 'pg', connection: location, pool: { min: 0, max: POOL_SIZE } });
    const replays = new Replays();
    const session = knexSession(knex, {
      settings: () => postgresSettings(async (text) => (await knex.raw<{ rows: unknown[] }>(text)).rows),
      rowsPerInsert: 5000,
      atomically: (work, isolationLevel) => replays.run(() => knex.transaction(work, { isolationLevel })),
    });
    return {
      ...session,
      stream: async () => {
        let count = 0;
        for await (const _ of knex('item').stream({ batchSize: 100 })) count += 1;
        return count;
      },
      replays: () => replays.count,
    };
  },
};
