import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../dist/prisma-postgres/client.ts';
import type { Contender } from '../contender.ts';
import { POOL_SIZE, postgresSettings } from './pg.ts';
import { prismaSession } from './prisma-session.ts';
import { Replays } from './replay.ts';

const LEVELS = { 'read committed': 'ReadCommitted', serializable: 'Serializable' } as const;

/** Timeouts of a transaction: waiting for a connection, and running. The defaults are 2 and 5 seconds. */
const TRANSACTION_TIMEOUTS = { maxWait: 60_000, timeout: 60_000 };

/** Prisma 7 with its pg adapter. */
export const prismaPostgres: Contender = {
  engine: 'postgres',
  packages: ['@prisma/client', '@prisma/adapter-pg', 'pg'],
  open({ location }) {
    const client = new PrismaClient({
      adapter: new PrismaPg({ connectionString: location, max: POOL_SIZE }),
    });
    const replays = new Replays();
    const session = prismaSession(client, {
      settings: () => postgresSettings((text) => client.$queryRawUnsafe<unknown[]>(text)),
      inOrder: (writes) => client.$transaction(writes as never),
      atomically: (work, isolation) =>
        replays.run(() =>
          client.$transaction((tx) => work(tx.item), {
            ...TRANSACTION_TIMEOUTS,
            isolationLevel: LEVELS[isolation],
          }),
        ),
    });
    return { ...session, replays: () => replays.count };
  },
};
