declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the PostgreSQL server of this run. */
    postgresUrl: string;
    /** Prefix of the database names of this run. */
    postgresDatabasePrefix: string;
  }
}

/** The keys under which the global setup provides its server to the test files. */
export const POSTGRES_URL = 'postgresUrl';
export const POSTGRES_DATABASE_PREFIX = 'postgresDatabasePrefix';
