import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DatabaseMetrics, OnWarning } from '@sluice/core';
import { copyPermissions, createPrivate } from './file-access.js';

const INTERVAL_MS = 10_000;

/** How long the file of an opening that has ended stays, and how many such files. */
const KEPT_MS = 24 * 3_600_000;
const KEPT_FILES = 20;

/** An opening that has not written for as long has ended without saying so. */
const LOST_MS = 3 * INTERVAL_MS;

/**
 * Writes the result of `metrics()` to a small file beside the database, for readers outside the process such as `sluice doctor`: every ten
 * seconds, and once more when it is closed. Each opening of the database has a file of its own, so that those of several processes do not
 * replace each other: `app.db-metrics-PID-ID.json`. Each write replaces the whole file, which has the permissions of the database.
 */
export class MetricsFile {
  readonly #database: string;
  readonly #path: string;
  readonly #metrics: () => DatabaseMetrics;
  readonly #onWarning: OnWarning;
  readonly #openedAt = new Date().toISOString();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasWarned = false;

  constructor(path: string, metrics: () => DatabaseMetrics, onWarning: OnWarning) {
    this.#database = path;
    this.#path = `${path}-metrics-${process.pid}-${randomBytes(4).toString('hex')}.json`;
    this.#metrics = metrics;
    this.#onWarning = onWarning;
  }

  /** Writes from now on, and deletes old files: who is killed deletes none. */
  start(): void {
    this.#writing = this.#removeOld();
    this.#timer = setInterval(() => this.#write(false), INTERVAL_MS).unref();
  }

  /** Writes a last time, if it was started. The file is kept for a day. */
  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#write(true);
    await this.#writing;
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    await removeOld(this.#database).catch((error: Error) => this.#warn(error));
  }

  #write(isLast: boolean): void {
    const now = new Date().toISOString();
    const { pid } = process;
    const times = { openedAt: this.#openedAt, writtenAt: now, ...(isLast ? { closedAt: now } : {}) };
    const content = { pid, ...times, database: this.#metrics() };
    const text = `${JSON.stringify(content, (_key, value) => (typeof value === 'bigint' ? Number(value) : value))}\n`;
    this.#writing = this.#writing.then(() => this.#replace(text)).catch((error: Error) => this.#warn(error));
  }

  async #replace(text: string): Promise<void> {
    const next = `${this.#path}.next`;
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

/** Deletes the files of openings that ended a day ago, and all but the newest of those that have ended. */
async function removeOld(database: string): Promise<void> {
  const folder = dirname(database);
  const prefix = `${basename(database)}-metrics-`;
  const ended: { path: string; ageMs: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !/^\d+-[\da-f]{8}\.json(?:\.next)?$/.test(name.slice(prefix.length)))
      continue;
    const path = join(folder, name);
    const written = await stat(path).catch(() => undefined);
    const ageMs = Date.now() - (written?.mtimeMs ?? Date.now());
    if (ageMs > LOST_MS) ended.push({ path, ageMs });
  }
  ended.sort((a, b) => a.ageMs - b.ageMs);
  const old = ended.filter(({ ageMs }, index) => ageMs > KEPT_MS || index >= KEPT_FILES);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}
