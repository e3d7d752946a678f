export { queryRows, queryValues } from './postgres-database.js';
export { type PostgresServer, startPostgresServer } from './postgres-server.js';
export type { PostgresServerOptions } from './postgres-settings.js';
export type { PostgresSource, ServerFaults } from './postgres-source.js';
export { PostgresUnavailableError } from './postgres-unavailable-error.js';
