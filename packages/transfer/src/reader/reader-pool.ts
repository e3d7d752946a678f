import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprintOf } from '../source/fingerprint.js';
import type { SourceSchema } from '../source/schema.js';
import { Reader, type ReaderEvents } from './reader.js';
import type { EncodedRows, EncodeInput, ReaderTaskName, ReaderTasks } from './reader-protocol.js';
import type { RowidRange } from './table-reading.js';

/** How often the readers begin again because a commit came in between, before one of them goes on alone. */
const MAX_ATTEMPTS = 200;

/** A table of fewer rowids is read as one part. */
const MIN_SPAN = 50_000n;

/** Several readers of one file, all in the same snapshot. */
export class ReaderPool {
  /** Of the file before the snapshot: equal to that of another pool only when both see the same rows. */
  readonly fingerprint: string;
  readonly #readers: readonly Reader[];
  readonly #idle: Reader[];
  readonly #waiting: { readonly table: string; readonly start: (reader: Reader) => void }[] = [];
  /** Readers that are at work for each table. */
  readonly #shares = new Map<string, number>();

  private constructor(fingerprint: string, readers: readonly Reader[]) {
    this.fingerprint = fingerprint;
    this.#readers = readers;
    this.#idle = [...readers];
  }

  /**
   * Opens `count` readers. The file is not written to; in WAL mode its writers are not held up.
   *
   * @throws ConfigurationError or CorruptError when the file cannot be read.
   */
  static async open(path: string, count: number): Promise<ReaderPool> {
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

  /** Runs a task on the next idle reader. When none is idle, the `table` comes first that has the fewest readers: each keeps its COPY busy. */
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
    this.#shares.set(table, (this.#shares.get(table) ?? 0) + change);
  }

  #takeWaiting(): ((reader: Reader) => void) | undefined {
    const share = ({ table }: { readonly table: string }): number => this.#shares.get(table) ?? 0;
    const fewest = Math.min(...this.#waiting.map(share));
    const index = this.#waiting.findIndex((waiting) => share(waiting) === fewest);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]?.start;
  }

  /** Cuts a table into parts by rowid, so that several readers share it. */
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
 * Begins a read transaction on every reader with no commit in between, so that all see the same rows: the number that changes with a
 * commit is the same before the first began and after the last did. When commits are too frequent for that, the first reader goes on alone.
 *
 * @returns the readers that go on.
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
