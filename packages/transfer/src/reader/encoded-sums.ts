import { HashSums } from '../hash/hash-sums.js';
import { type EncodedRows, type Misfits, SHOWN_KEYS } from './reader-protocol.js';

/** Adds up the hashes of the parts of a table. */
export function addUp(parts: readonly EncodedRows[]): HashSums {
  const sums = new HashSums();
  for (const part of parts) if (part.sums !== undefined) sums.addAll(HashSums.fromBytes(part.sums));
  return sums;
}

/** Adds up the misfits of a table's parts, and keeps the keys of the first rows. */
export function addUpMisfits(parts: readonly EncodedRows[]): Misfits[] {
  const sums = new Map<string, Misfits>();
  for (const part of parts.flatMap(({ misfits }) => misfits)) {
    const id = `${part.problem} ${part.column}`;
    const sum = sums.get(id);
    if (sum === undefined) sums.set(id, { ...part, keys: [...part.keys] });
    else {
      sum.count += part.count;
      sum.keys.push(...part.keys.slice(0, SHOWN_KEYS - sum.keys.length));
    }
  }
  return [...sums.values()];
}
