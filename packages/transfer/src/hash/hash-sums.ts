import { hashBytes, hashed } from './row-hash.js';

/** Number of buckets. The hash of a row's key selects its bucket, and a difference shows in which bucket to search. */
const BUCKETS = 1024;

/** Sums of row hashes by bucket. They do not depend on the order of the rows, and the sums of a table's parts add up to those of the table. */
export class HashSums {
  readonly #sums: Uint32Array;

  /** `sums` has three numbers for each bucket: the number of rows, and the sums of the two halves of the hash. */
  constructor(sums: Uint32Array = new Uint32Array(BUCKETS * 3)) {
    this.#sums = sums;
  }

  /** Adds the row in `bytes`, from `from` to `to`, whose key ends at `keyEnd`. */
  add(bytes: Uint8Array, from: number, keyEnd: number, to: number): void {
    hashBytes(bytes, from, keyEnd);
    const at = (hashed.low % BUCKETS) * 3;
    if (keyEnd !== to) hashBytes(bytes, from, to);
    this.#increase(at, 1, hashed.high, hashed.low);
  }

  addAll(other: HashSums): void {
    for (let at = 0; at < BUCKETS * 3; at += 3) {
      this.#increase(at, other.#at(at), other.#at(at + 1), other.#at(at + 2));
    }
  }

  get rows(): number {
    let rows = 0;
    for (let at = 0; at < BUCKETS * 3; at += 3) rows += this.#at(at);
    return rows;
  }

  /** The buckets that differ. */
  differences(other: HashSums): Set<number> {
    const buckets = new Set<number>();
    for (let at = 0; at < BUCKETS * 3; at += 1) {
      if (this.#at(at) !== other.#at(at)) buckets.add(Math.floor(at / 3));
    }
    return buckets;
  }

  toBytes(): Buffer {
    return Buffer.from(this.#sums.slice().buffer);
  }

  static fromBytes(bytes: Uint8Array): HashSums {
    return new HashSums(new Uint32Array(new Uint8Array(bytes).buffer));
  }

  /** A short digest: equal sums have equal digests. */
  digest(): string {
    hashBytes(this.toBytes(), 0, BUCKETS * 12);
    return hashed.high.toString(16).padStart(8, '0') + hashed.low.toString(16).padStart(8, '0');
  }

  /** The sums wrap around at 32 bits. */
  #increase(at: number, rows: number, high: number, low: number): void {
    this.#sums[at] = this.#at(at) + rows;
    this.#sums[at + 1] = this.#at(at + 1) + high;
    this.#sums[at + 2] = this.#at(at + 2) + low;
  }

  #at(index: number): number {
    return this.#sums[index] as number;
  }
}

/** The bucket of the row whose key is in `bytes`, from `from` to `keyEnd`. */
export function bucketOf(bytes: Uint8Array, from: number, keyEnd: number): number {
  hashBytes(bytes, from, keyEnd);
  return hashed.low % BUCKETS;
}
