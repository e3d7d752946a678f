import type { CallOutcome } from '../thread/watched-call.js';

/** What the name of a table begins with while it is rebuilt. */
export const TEMPORARY_PREFIX = 'sluice_rebuild_';

/** A row that does not fit is refused by the new table, which has a name of its own until all rows are there; errors tell the real one. */
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
