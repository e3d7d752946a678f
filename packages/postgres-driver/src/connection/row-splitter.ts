import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Connection } from 'pg';
import { DataRow } from '../values/data-row.js';

/** Every message is a letter, a length that counts itself, and a body. */
const HEADER_BYTES = 5;

const DATA_ROW = 'D'.charCodeAt(0);

/**
 * Takes the rows out of what a connection receives before `pg` makes a text of each value; everything else goes on to `pg`'s own parser, in its
 * order. Call it before the connection is opened.
 */
export function readRowsInPlace(connection: Connection): void {
  const listening = connection as ListeningConnection;
  const attach = listening.attachListeners.bind(connection);
  listening.attachListeners = (stream) => {
    const others = new EventEmitter();
    attach(others);
    const splitter = new RowSplitter(
      (row) => connection.emit('dataRow', row),
      (bytes) => others.emit('data', bytes),
    );
    stream.on('data', (bytes: Buffer) => splitter.take(bytes));
    stream.on('end', () => others.emit('end'));
  };
}

/** A part of pg's Connection that its types leave out: it parses what a stream gives. */
interface ListeningConnection extends Connection {
  attachListeners(stream: EventEmitter | Duplex): void;
}

/** Tells rows from other messages in a stream of bytes. */
export class RowSplitter {
  readonly #onRow: (row: DataRow) => void;
  readonly #onOthers: (bytes: Buffer) => void;
  /** What came of a message that has not come whole. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** How much must have come before it is worth a look. */
  #neededBytes = HEADER_BYTES;

  /** @param onOthers is given one or several whole messages. */
  constructor(onRow: (row: DataRow) => void, onOthers: (bytes: Buffer) => void) {
    this.#onRow = onRow;
    this.#onOthers = onOthers;
  }

  take(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < this.#neededBytes) return;
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#keep(bytes, this.#split(bytes));
  }

  /** Gives where the first message begins that is not whole. */
  #split(bytes: Buffer): number {
    let othersFrom = 0;
    let at = 0;
    for (;;) {
      const end = endOf(bytes, at);
      if (end > bytes.length) break;
      if (bytes[at] === DATA_ROW) {
        if (othersFrom < at) this.#onOthers(bytes.subarray(othersFrom, at));
        othersFrom = end;
        this.#onRow(new DataRow(bytes, at + HEADER_BYTES, end));
      }
      at = end;
    }
    if (othersFrom < at) this.#onOthers(bytes.subarray(othersFrom, at));
    return at;
  }

  #keep(bytes: Buffer, from: number): void {
    const rest = bytes.subarray(from);
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    this.#neededBytes = endOf(bytes, from) - from;
  }
}

/** Where the message that begins at `at` ends, or its header where that has not come. */
function endOf(bytes: Buffer, at: number): number {
  if (at + HEADER_BYTES > bytes.length) return at + HEADER_BYTES;
  return at + 1 + bytes.readUInt32BE(at + 1);
}
