import type { Statement } from '@sluice/core';
import type { PostgresConnection, SendOptions } from '../connection/connection.js';
import { insertBulk, toBulkInsertion } from '../copy/bulk-insertion.js';
import type { ValueMode } from '../options/options.js';
import { bindParameters } from '../values/parameters.js';
import type { RawResult } from '../values/raw-result.js';

/** A statement that is ready to be sent, its parameters checked and bound. */
export type Sender = (connection: PostgresConnection, options: SendOptions) => Promise<RawResult>;

/** Binds a statement's parameters, before it holds a connection. @throws as {@link bindParameters}. */
export function prepareToSend(statement: Statement, values: ValueMode): Sender {
  const bulk = values === 'portable' ? toBulkInsertion(statement) : undefined;
  if (bulk !== undefined) return (connection, options) => insertBulk(connection, bulk, options);
  const parameters = bindParameters(statement.parameters, values);
  const how =
    values === 'portable' ? ({ mayPrepare: true, isBound: true } as const) : ({ isScript: true } as const);
  return (connection, options) => connection.run(statement.sql, parameters, { ...options, ...how });
}
