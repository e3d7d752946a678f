export type { PostgresDialectOptions, PostgresOptions, ValueMode } from './options/options.js';
export { postgresDialect } from './postgres-dialect.js';
export { postgres } from './postgres-driver.js';
export { PostgresFamily, type PostgresField, type PostgresResult } from './postgres-family.js';
