import type { Contender, Engine } from './contender.ts';

/** The name of a contender and its module. The module is loaded in its own process, which reports a missing package. */
export interface ContenderEntry {
  readonly name: string;
  readonly engine: Engine;
  readonly load: () => Promise<Contender>;
}

/** All contenders. The first one of each engine is the reference, whose ratio is 1. */
export const CONTENDERS: readonly ContenderEntry[] = [
  sqlite('better-sqlite3', async () => (await import('./contenders/better-sqlite3.ts')).betterSqlite3),
  sqlite('sluice', async () => (await import('./contenders/sluice-sqlite.ts')).sluiceSqlite),
  sqlite('node:sqlite', async () => (await import('./contenders/node-sqlite.ts')).nodeSqlite),
  sqlite('kysely', async () => (await import('./contenders/kysely-sqlite.ts')).kyselySqlite),
  sqlite('kysely-worker', async () => (await import('./contenders/kysely-worker.ts')).kyselyWorker),
  sqlite('drizzle', async () => (await import('./contenders/drizzle-sqlite.ts')).drizzleSqlite),
  sqlite('knex', async () => (await import('./contenders/knex-sqlite.ts')).knexSqlite),
  sqlite('typeorm', async () => (await import('./contenders/typeorm-sqlite.ts')).typeormSqlite),
  sqlite('prisma', async () => (await import('./contenders/prisma-sqlite.ts')).prismaSqlite),
  sqlite('sqlite3', async () => (await import('./contenders/sqlite3.ts')).sqlite3),
  sqlite('libsql', async () => (await import('./contenders/libsql.ts')).libsql),
  postgres('pg', async () => (await import('./contenders/pg.ts')).pgUnnamed),
  postgres('sluice', async () => (await import('./contenders/sluice-postgres.ts')).sluicePostgres),
  postgres('pg-named', async () => (await import('./contenders/pg.ts')).pgNamed),
  postgres('postgres.js', async () => (await import('./contenders/postgres-js.ts')).postgresJs),
  postgres('kysely', async () => (await import('./contenders/kysely-postgres.ts')).kyselyPostgres),
  postgres('drizzle', async () => (await import('./contenders/drizzle-postgres.ts')).drizzlePostgres),
  postgres('knex', async () => (await import('./contenders/knex-postgres.ts')).knexPostgres),
  postgres('prisma', async () => (await import('./contenders/prisma-postgres.ts')).prismaPostgres),
];

/** Returns the contenders of an engine, the reference first. With `names`, only these. @throws Error for an unknown name. */
export function contendersOf(engine: Engine, names: readonly string[]): ContenderEntry[] {
  const all = CONTENDERS.filter((contender) => contender.engine === engine);
  const unknown = names.find((name) => !all.some((contender) => contender.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `There is no contender "${unknown}" for ${engine}. There are: ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  return all.filter(({ name }, index) => index === 0 || names.length === 0 || names.includes(name));
}

function sqlite(name: string, load: () => Promise<Contender>): ContenderEntry {
  return { name, engine: 'sqlite', load };
}

function postgres(name: string, load: () => Promise<Contender>): ContenderEntry {
  return { name, engine: 'postgres', load };
}
