import { rename, rm, writeFile } from 'node:fs/promises';
import type { DatabaseMetrics, OnWarning } from '@sluice/core';

const INTERVAL_MS = 10_000;

/** Where a database keeps its counters, beside the file. */
export function metricsPath(path: string): string {
  return `${path}-metrics.json`;
}

/**
 * Keeps what `metrics()` tells in a small file beside the database, for whoever looks from outside, such as `sluice doctor`: every ten
 * seconds, and once more at the end. The file is replaced as a whole. Of several processes, the last one to write is seen.
 */
export class MetricsFile {
  readonly #path: string;
  readonly #metrics: () => DatabaseMetrics;
  readonly #onWarning: OnWarning;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasWarned = false;

  constructor(path: string, metrics: () => DatabaseMetrics, onWarning: OnWarning) {
    this.#path = metricsPath(path);
    this.#metrics = metrics;
    this.#onWarning = onWarning;
  }

  start(): void {
    this.#timer = setInterval(() => this.#write(), INTERVAL_MS).unref();
  }

  /** Writes a last time, if it was started. The file stays: it is about the time until now. */
  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#write();
    await this.#writing;
  }

  #write(): void {
    const content = { writtenAt: new Date().toISOString(), pid: process.pid, database: this.#metrics() };
    const text = `${JSON.stringify(content, (_key, value) => (typeof value === 'bigint' ? Number(value) : value))}\n`;
    this.#writing = this.#writing.then(() => this.#replace(text)).catch((error: Error) => this.#warn(error));
  }

  async #replace(text: string): Promise<void> {
    const next = `${this.#path}.${process.pid}`;
    try {
      await writeFile(next, text);
      await rename(next, this.#path);
    } catch (error) {
      await rm(next, { force: true });
      throw error;
    }
  }

  /** The counters are no reason to fail. */
  #warn({ message }: Error): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#onWarning({
      code: 'metrics_file',
      message: `The file of metrics cannot be written: ${message}`,
      details: {},
    });
  }
}
