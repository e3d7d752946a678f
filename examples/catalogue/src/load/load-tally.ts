/** The counts of a load. All counts except those of checked files describe committed changes. */
export interface LoadTally {
  /** Files whose metadata was read. */
  checked: number;
  /** Files that did not change, including those of which only the time changed. */
  unchanged: number;
  added: number;
  changed: number;
  removed: number;
  /** Files and folders that could not be read. The catalogue keeps their rows. */
  unreadable: number;
  bytesHashed: number;
  /** Rows that were inserted, updated or deleted in all three tables. */
  rowsWritten: number;
}

/** Returns a tally of zeros. */
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

/** Adds the counts of `more` to `tally`. */
export function addToTally(tally: LoadTally, more: Partial<LoadTally>): void {
  for (const [name, value] of Object.entries(more) as [keyof LoadTally, number][]) tally[name] += value;
}
