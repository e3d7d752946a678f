import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaClient } from '../../dist/prisma-sqlite/client.ts';
import type { Contender } from '../contender.ts';
import { BUSY_TIMEOUT_MS, pragmasOf } from './better-sqlite3.ts';
import { prismaSession } from './prisma-session.ts';

/** Timeouts of a transaction: waiting for the only connection, and running. The defaults, 2 and 5 seconds, are too short for 64 callers. */
const TRANSACTION_TIMEOUTS = { maxWait: 60_000, timeout: 60_000 };

/** Prisma 7 with its better-sqlite3 adapter. */
export const prismaSqlite: Contender = {
  engine: 'sqlite',
  packages: ['@prisma/client', '@prisma/adapter-better-sqlite3', 'better-sqlite3'],
  async open(target) {
    const adapter = new PrismaBetterSqlite3({ url: `file:${target.location}`, timeout: BUSY_TIMEOUT_MS });
    const client = new PrismaClient({ adapter });
    for (const pragma of pragmasOf(target)) await client.$queryRawUnsafe(`pragma ${pragma}`);
    return prismaSession(client, {
      settings: async () => ({
        sqlite: await client.$queryRawUnsafe('select sqlite_version() as version'),
        synchronous: Number(
          (await client.$queryRawUnsafe<{ synchronous: bigint }[]>('pragma synchronous'))[0]?.synchronous,
        ),
      }),
      inOrder: (writes) => client.$transaction(writes as never),
      atomically: (work) => client.$transaction((tx) => work(tx.item), TRANSACTION_TIMEOUTS),
    });
  },
};
