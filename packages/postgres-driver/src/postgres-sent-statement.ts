import type { Statement } from '@sluice/core';
import { bulkInsertion } from './postgres-bulk-insertion.js';
import { bindParameters } from './postgres-parameters.js';
import type { ValueMode } from './postgres-values.js';

/** A statement as it is sent. */
export interface SentStatement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** Gives a statement the form in which it is sent. @throws as {@link bindParameters}. */
export function toSend(statement: Statement, values: ValueMode): SentStatement {
  const bulk = values === 'portable' ? bulkInsertion(statement) : undefined;
  return bulk ?? { text: statement.sql, parameters: bindParameters(statement.parameters, values) };
}
