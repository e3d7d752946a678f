import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** The latencies of one kind of operation, in milliseconds. */
export interface LatencyFigures {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Collects latencies in constant memory, with a resolution of one microsecond. */
export class OperationLatency {
  readonly #microseconds: RecordableHistogram = createHistogram();

  record(ms: number): void {
    this.#microseconds.record(Math.max(1, Math.round(ms * 1000)));
  }

  figures(): LatencyFigures {
    const histogram = this.#microseconds;
    if (histogram.count === 0) return { count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 };
    return {
      count: histogram.count,
      p50Ms: histogram.percentile(50) / 1000,
      p99Ms: histogram.percentile(99) / 1000,
      maxMs: histogram.max / 1000,
    };
  }
}
