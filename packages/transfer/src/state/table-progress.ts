import type { HashSums } from '../hash/hash-sums.js';

/** A table that is copied, as a transfer records it in its target. */
export interface TableProgress {
  readonly rows: number;
  readonly quarantined: number;
  readonly converted: number;
  /** Hashes of its rows; `undefined` when the copy was not to be verified. */
  readonly sums: HashSums | undefined;
}
