import { setTimeout as sleep } from 'node:timers/promises';
import { assertNodeVersion } from '@sluice/sqlite-driver/runtime';
import { fingerprintOf } from '../source/fingerprint.js';
import type { SourceSchema } from '../source/schema.js';
import { Reader, type ReaderEvents } from './reader.js';
import type { EncodedRows, EncodeInput, ReaderTaskName, ReaderTasks } from './reader-protocol.js';
import type { RowidRange } from './table-reading.js';

/** How often the readers retry to begin in one snapshot, before one of them goes on alone. */
const MAX_ATTEMPTS = 200;

/** A table whose rowids span less than this is read as one part. */
const MIN_SPAN = 50_000n;

/** A pool of readers of one file, all in the same snapshot. */
export class ReaderPool {
  /** Fingerprint of the file before the snapshot. Two pools with the same fingerprint see the same rows. */
  readonly fingerprint: string;
  readonly #readers: readonly Reader[];
  readonly #idle: Reader[];
  readonly #waiting: { readonly table: string; readonly start: (reader: Reader) => void }[] = [];
  /** How many readers work on each table. */
  readonly #readersByTable = new Map<string, number>();

  private constructor(fingerprint: string, readers: readonly Reader[]) {
    this.fingerprint = fingerprint;
    this.#readers = readers;
    this.#idle = [...readers];
  }

  /**
   * Opens `count` readers. It does not write to the file, and in WAL mode it does not block the file's writers.
   *
   * @throws ConfigurationError or CorruptError when the file cannot be read.
   */
  static async open(path: string, count: number): Promise<ReaderPool> {
    assertNodeVersion();
    const fingerprint = fingerprintOf(path);
    const readers = Array.from({ length: count }, () => new Reader());
    try {
      await Promise.all(
        readers.map((reader, index) => reader.run('open', { path, hasMonitor: index === 0 })),
      );
      return new ReaderPool(fingerprint, await beginTogether(readers));
    } catch (error) {
      await Promise.all(readers.map((reader) => reader.close()));
      throw error;
    }
  }

  get size(): number {
    return this.#readers.length;
  }

  readSchema(): Promise<SourceSchema> {
    return this.run('schema', null);
  }

  /** Encodes a table in parts, each on the next idle reader. */
  async encode(input: Omit<EncodeInput, 'range'>, events?: ReaderEvents): Promise<EncodedRows[]> {
    const { source, rowidName } = input.table;
    const parts = await this.parts(source, rowidName);
    return Promise.all(parts.map((range) => this.run('encode', { ...input, range }, events, source)));
  }

  /**
   * Runs a task on the next idle reader. When none is idle, tasks wait, and the one whose `table` has the fewest readers runs first: so the COPY
   * of every table keeps receiving rows.
   */
  async run<Task extends ReaderTaskName>(
    task: Task,
    input: ReaderTasks[Task]['input'],
    events?: ReaderEvents,
    table = '',
  ): Promise<ReaderTasks[Task]['output']> {
    const reader =
      this.#idle.pop() ?? (await new Promise<Reader>((start) => this.#waiting.push({ table, start })));
    this.#count(table, 1);
    try {
      return await reader.run(task, input, events);
    } finally {
      this.#count(table, -1);
      const next = this.#takeWaiting();
      if (next === undefined) this.#idle.push(reader);
      else next(reader);
    }
  }

  #count(table: string, change: number): void {
    this.#readersByTable.set(table, (this.#readersByTable.get(table) ?? 0) + change);
  }

  #takeWaiting(): ((reader: Reader) => void) | undefined {
    const share = ({ table }: { readonly table: string }): number => this.#readersByTable.get(table) ?? 0;
    const fewest = Math.min(...this.#waiting.map(share));
    const index = this.#waiting.findIndex((waiting) => share(waiting) === fewest);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]?.start;
  }

  /** Splits a table into parts by rowid, for several readers at once. */
  async parts(table: string, rowidName: string | undefined): Promise<readonly RowidRange[]> {
    if (rowidName === undefined) return [undefined];
    const whole = await this.run('span', { table, rowidName });
    if (whole === undefined) return [undefined];
    const from = BigInt(whole[0]);
    const to = BigInt(whole[1]);
    if (to - from < MIN_SPAN) return [whole];
    return split(from, to, BigInt(this.size) * 8n);
  }

  cancel(): void {
    for (const reader of this.#readers) reader.cancel();
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }
}

function split(from: bigint, to: bigint, count: bigint): RowidRange[] {
  const size = (to - from) / count + 1n;
  const ranges: RowidRange[] = [];
  for (let start = from; start <= to; start += size) {
    const end = start + size - 1n;
    ranges.push([String(start), String(end < to ? end : to)]);
  }
  return ranges;
}

/**
 * Begins a read transaction on every reader, all in the same snapshot: SQLite's data version is the same before the first transaction begins
 * and after the last has begun. Otherwise a commit came in between, and all begin again. When commits are too frequent for that, only the
 * first reader is kept.
 *
 * @returns the readers that are kept.
 */
async function beginTogether(readers: readonly Reader[]): Promise<readonly Reader[]> {
  const [first, ...others] = readers;
  if (first === undefined) return readers;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const before = await first.run('version', null);
    await Promise.all(readers.map((reader) => reader.run('begin', null)));
    if ((await first.run('version', null)) === before) return readers;
    await Promise.all(readers.map((reader) => reader.run('rollback', null)));
    await sleep(Math.random() * 5);
  }
  await first.run('begin', null);
  await Promise.all(others.map((reader) => reader.close()));
  return [first];
}
