/** A change of a column by a number, in a patch. Made by {@link increment} and {@link decrement}. */
export class Increment<N extends bigint | number | string> {
  readonly by: N;

  constructor(by: N) {
    this.by = by;
  }
}

/**
 * Adds to a column in the database itself, so that no other caller's addition is lost: `update(id, { views: increment(1) })`. NULL stays NULL. Of a numeric every
 * digit counts, and the sum gets the column's scale. A sum that the column cannot hold is refused with a ValueError, as any such value is.
 *
 * @param by default 1: a whole number for a column of whole numbers, a number, a bigint or decimal text for a numeric.
 */
export function increment(by?: number): Increment<number>;
export function increment(by: bigint): Increment<bigint>;
export function increment(by: string): Increment<string>;
export function increment(by: bigint | number | string = 1): Increment<bigint | number | string> {
  return new Increment(by);
}

/** Subtracts from a column, as {@link increment} adds. @param by default 1. */
export function decrement(by?: number): Increment<number>;
export function decrement(by: bigint): Increment<bigint>;
export function decrement(by: string): Increment<string>;
export function decrement(by: bigint | number | string = 1): Increment<bigint | number | string> {
  return new Increment(negative(by));
}

function negative(by: bigint | number | string): bigint | number | string {
  if (typeof by !== 'string') return -by;
  return by.startsWith('-') ? by.slice(1) : `-${by}`;
}
