declare module 'vitest' {
  interface ProvidedContext {
    /** Connects to the PostgreSQL server of this run. */
    postgresUrl: string;
    /** How the names of this run's databases begin. */
    postgresDatabasePrefix: string;
  }
}

/** The keys under which the global setup hands its server to the test files. */
export const POSTGRES_URL = 'postgresUrl';
export const POSTGRES_DATABASE_PREFIX = 'postgresDatabasePrefix';
