import type { CallOutcome } from '../thread/watched-call.js';

/** Prefix of the name of the new table during a rebuild. */
export const TEMPORARY_PREFIX = 'sluice_rebuild_';

/** Replaces the temporary name in a failure by the table's name. The new table rejects a row that does not fit while it still has the former. */
export function withoutTemporaryNames(outcome: CallOutcome): CallOutcome {
  if (outcome.kind !== 'failure') return outcome;
  const { message, details } = outcome.failure;
  if (!message.includes(TEMPORARY_PREFIX) && !details?.table?.startsWith(TEMPORARY_PREFIX)) return outcome;
  const failure = { ...outcome.failure, message: strip(message) };
  if (details === undefined) return { ...outcome, failure };
  const { table = '', constraint } = details;
  const stripped = { ...details, table: strip(table), constraint: constraint && strip(constraint) };
  return { ...outcome, failure: { ...failure, details: stripped } };
}

function strip(text: string): string {
  return text.replaceAll(TEMPORARY_PREFIX, '');
}
