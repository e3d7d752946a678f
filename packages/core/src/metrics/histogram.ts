/** Each power of two is divided into as many parts, so that a value is known within 1/64. */
const PARTS = 32;

/** Microseconds up to 2^36, 19 hours. Longer ones count as that long. */
const POWERS = 36;

/**
 * Counts durations by their length, in constant memory: 5 KB. Node's own histograms take 17 KB that its garbage collector does not know of, so that a process
 * which opens many storages would grow.
 */
export class Histogram {
  readonly #counts = new Uint32Array((POWERS - 4) * PARTS);

  record(ms: number): void {
    const index = indexOf(ms * 1000);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  add(other: Histogram): void {
    for (const [index, count] of other.#counts.entries())
      if (count > 0) this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }

  /** The length in milliseconds that so many percent of the durations do not exceed; 0 while there are none. */
  percentile(percent: number): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    let left = Math.ceil((total * percent) / 100);
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return middleOf(index) / 1000;
    }
    return 0;
  }
}

/** Below {@link PARTS} microseconds each has a counter of its own, and above each part of a power of two. */
function indexOf(microseconds: number): number {
  const whole = Math.min(Math.max(Math.round(microseconds), 0), 2 ** POWERS - 1);
  if (whole < PARTS) return whole;
  // A logarithm costs more than all the rest of a record, and most durations are below half an hour.
  const power = whole < 2 ** 31 ? 31 - Math.clz32(whole) : Math.floor(Math.log2(whole));
  const part = whole < 2 ** 31 ? whole >>> (power - 5) : Math.floor(whole / 2 ** (power - 5));
  return (power - 4) * PARTS + part - PARTS;
}

function middleOf(index: number): number {
  if (index < PARTS) return index;
  const power = Math.floor(index / PARTS) + 4;
  return (PARTS + (index % PARTS) + 0.5) * 2 ** (power - 5);
}
