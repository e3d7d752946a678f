import type { Statement } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { SendOptions } from '../connection/send-options.js';
import { insertBulk, toBulkInsertion } from '../copy/bulk-insertion.js';
import type { ValueMode } from '../options/options.js';
import { bindParameters } from '../values/parameters.js';
import type { RawResult } from '../values/raw-result.js';

/** Sends a statement whose parameters are already checked and bound. */
export type Sender = (connection: PostgresConnection, options: SendOptions) => Promise<RawResult>;

/** Checks and binds a statement's parameters before a connection is acquired. @throws as {@link bindParameters}. */
export function prepareToSend(statement: Statement, values: ValueMode): Sender {
  const bulk = values === 'portable' ? toBulkInsertion(statement) : undefined;
  if (bulk !== undefined) return (connection, options) => insertBulk(connection, bulk, options);
  const parameters = bindParameters(statement.parameters, values);
  const how =
    values === 'portable' ? ({ mayPrepare: true, isBound: true } as const) : ({ isScript: true } as const);
  return (connection, options) => connection.run(statement.sql, parameters, { ...options, ...how });
}
