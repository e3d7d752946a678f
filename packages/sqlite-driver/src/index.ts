export { type SqliteDialectOptions, sqliteDialect } from './sqlite-dialect.js';
export { sqlite } from './sqlite-driver.js';
export type { SqliteOptions, SqliteValues } from './sqlite-options.js';
export type { SqliteProfile } from './sqlite-profile.js';
