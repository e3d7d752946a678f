import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Connection } from 'pg';
import { DataRow } from '../values/data-row.js';

/** A message is a type byte, a length of four bytes that includes itself, and a body. */
const HEADER_BYTES = 5;

const DATA_ROW = 'D'.charCodeAt(0);

/**
 * Takes the DataRow messages out of what a connection receives, because `pg`'s parser would make a string of each value. All other messages go to
 * `pg`'s own parser, in their order. Call it before the connection is opened.
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

/** A member of pg's Connection that its types omit: it parses the data of a stream. */
interface ListeningConnection extends Connection {
  attachListeners(stream: EventEmitter | Duplex): void;
}

/** Separates DataRow messages from other messages in a stream of bytes. */
export class RowSplitter {
  readonly #onRow: (row: DataRow) => void;
  readonly #onOthers: (bytes: Buffer) => void;
  /** The received part of an incomplete message. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** How many pending bytes are needed before a message can be complete. */
  #neededBytes = HEADER_BYTES;

  /** @param onOthers receives one or several complete messages. */
  constructor(onRow: (row: DataRow) => void, onOthers: (bytes: Buffer) => void) {
    this.#onRow = onRow;
    this.#onOthers = onOthers;
  }

  /** Takes the next received bytes. */
  take(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < this.#neededBytes) return;
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#keep(bytes, this.#split(bytes));
  }

  /** Emits the complete messages. Returns where the first incomplete message begins. */
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

/** The end of the message that begins at `at`; the end of its header where that is incomplete. */
function endOf(bytes: Buffer, at: number): number {
  if (at + HEADER_BYTES > bytes.length) return at + HEADER_BYTES;
  return at + 1 + bytes.readUInt32BE(at + 1);
}
