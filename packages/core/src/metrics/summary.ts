import { Histogram } from './histogram.js';

/** Statistics of the durations recorded so far, in milliseconds. All are 0 while `count` is 0. */
export interface SummarySnapshot {
  readonly count: number;
  readonly totalMs: number;
  /** The mean. */
  readonly avgMs: number;
  readonly maxMs: number;
  /** Half of the durations were at most as long, within 2 %. */
  readonly p50Ms: number;
  /** 95 of 100 durations were at most as long, within 2 %. */
  readonly p95Ms: number;
  /** 99 of 100 durations were at most as long, within 2 %. */
  readonly p99Ms: number;
}

/** Keeps the count, sum, maximum and distribution of durations, in constant memory. */
export class Summary {
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;
  /** Made for the first duration: many summaries of a storage never get one. */
  #histogram: Histogram | undefined;

  record(ms: number): void {
    this.#count += 1;
    this.#totalMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    this.#histogram ??= new Histogram();
    this.#histogram.record(ms);
  }

  snapshot(): SummarySnapshot {
    return Summary.merged([this]);
  }

  /** The statistics of what all of `summaries` recorded. */
  static merged(summaries: Iterable<Summary>): SummarySnapshot {
    let count = 0;
    let totalMs = 0;
    let maxMs = 0;
    const histograms: Histogram[] = [];
    for (const summary of summaries) {
      count += summary.#count;
      totalMs += summary.#totalMs;
      maxMs = Math.max(maxMs, summary.#maxMs);
      if (summary.#histogram !== undefined) histograms.push(summary.#histogram);
    }
    const histogram = histograms.length > 1 ? sum(histograms) : histograms[0];
    const percentile = (percent: number): number => Math.min(histogram?.percentile(percent) ?? 0, maxMs);
    return {
      count,
      totalMs,
      avgMs: count === 0 ? 0 : totalMs / count,
      maxMs,
      p50Ms: percentile(50),
      p95Ms: percentile(95),
      p99Ms: percentile(99),
    };
  }
}

function sum(histograms: readonly Histogram[]): Histogram {
  const all = new Histogram();
  for (const histogram of histograms) all.add(histogram);
  return all;
}
