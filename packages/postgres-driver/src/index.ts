export { PostgresFamily, type PostgresField, type PostgresResult } from './dialect/family.js';
export type { PoolerMode, PostgresDialectOptions, PostgresOptions, ValueMode } from './options/options.js';
export { postgresDialect } from './postgres-dialect.js';
export { postgres } from './postgres-driver.js';
