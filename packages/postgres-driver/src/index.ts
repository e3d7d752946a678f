export { postgresDialect } from './postgres-dialect.js';
export { postgres } from './postgres-driver.js';
export { PostgresFamily, type PostgresField, type PostgresResult } from './postgres-family.js';
export type { PostgresDialectOptions, PostgresOptions } from './postgres-options.js';
export type { ValueMode } from './postgres-values.js';
