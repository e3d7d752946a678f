export { type PostgresServer, startPostgresServer } from './postgres-server.js';
export type { PostgresServerOptions } from './postgres-settings.js';
export type { PostgresSource } from './postgres-source.js';
export { PostgresUnavailableError } from './postgres-unavailable-error.js';
