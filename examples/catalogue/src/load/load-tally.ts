/** What a load found and did. Everything but the counts of what was looked at is committed. */
export interface LoadTally {
  /** Files looked at. */
  checked: number;
  /** Files that are as they were, those included whose time alone had changed. */
  unchanged: number;
  added: number;
  changed: number;
  removed: number;
  /** Files and folders that could not be read; the catalogue keeps what it knew of them. */
  unreadable: number;
  bytesHashed: number;
  /** Rows inserted, updated or deleted in all three tables. */
  rowsWritten: number;
}

/** Nothing found, nothing done. */
export function emptyTally(): LoadTally {
  return {
    checked: 0,
    unchanged: 0,
    added: 0,
    changed: 0,
    removed: 0,
    unreadable: 0,
    bytesHashed: 0,
    rowsWritten: 0,
  };
}

/** Adds `more` to `tally`. */
export function addToTally(tally: LoadTally, more: Partial<LoadTally>): void {
  for (const [name, value] of Object.entries(more) as [keyof LoadTally, number][]) tally[name] += value;
}
