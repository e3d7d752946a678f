import { rename, rm, writeFile } from 'node:fs/promises';
import type { DatabaseMetrics, OnWarning } from '@sluice/core';
import { copyPermissions, createPrivate } from './file-access.js';

const INTERVAL_MS = 10_000;

/** The path of the metrics file, beside the database. */
export function metricsPath(path: string): string {
  return `${path}-metrics.json`;
}

/**
 * Writes the result of `metrics()` to a small file beside the database, for readers outside the process such as `sluice doctor`: every ten
 * seconds, and once more when it is closed. Each write replaces the whole file, which has the permissions of the database. With several processes it shows the one that wrote last.
 */
export class MetricsFile {
  readonly #database: string;
  readonly #path: string;
  readonly #metrics: () => DatabaseMetrics;
  readonly #onWarning: OnWarning;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasWarned = false;

  constructor(path: string, metrics: () => DatabaseMetrics, onWarning: OnWarning) {
    this.#database = path;
    this.#path = metricsPath(path);
    this.#metrics = metrics;
    this.#onWarning = onWarning;
  }

  start(): void {
    this.#timer = setInterval(() => this.#write(), INTERVAL_MS).unref();
  }

  /** Writes a last time, if it was started. The file is kept. */
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
      await rm(next, { force: true });
      createPrivate(next, this.#database);
      await writeFile(next, text);
      copyPermissions(next, this.#database);
      await rename(next, this.#path);
    } catch (error) {
      await rm(next, { force: true });
      throw error;
    }
  }

  /** Warns once. A metrics file that cannot be written must not fail a call. */
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
