import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from './gate.js';

/** Bytes that may wait in one direction before the sender is held back. */
const BUFFER_BYTES = 1024 * 1024;

/**
 * Passes on what `source` says, in order, each piece `delayMs()` after it came and not while the gate is shut. The
 * delay is that of a long line, not of a slow one: what comes together arrives together.
 */
export function forward(source: Socket, sink: Socket, gate: Gate, delayMs: () => number): void {
  let waitingBytes = 0;
  let line: Promise<unknown> = Promise.resolve();
  const send = (deliver: () => Promise<void> | void): void => {
    const delay = delayMs();
    const arrival = delay > 0 ? sleep(delay, undefined, { ref: false }) : undefined;
    line = Promise.all([line, arrival])
      .then(() => gate.pass())
      .then(deliver)
      .catch(() => sink.resetAndDestroy());
  };
  source.on('data', (chunk: Buffer) => {
    waitingBytes += chunk.length;
    if (waitingBytes > BUFFER_BYTES) source.pause();
    send(async () => {
      await write(sink, chunk);
      waitingBytes -= chunk.length;
      if (waitingBytes <= BUFFER_BYTES) source.resume();
    });
  });
  source.once('end', () => send(() => void sink.end()));
}

async function write(sink: Socket, chunk: Buffer): Promise<void> {
  if (sink.destroyed) return;
  if (!sink.write(chunk)) await drained(sink);
}

async function drained(sink: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      sink.off('drain', done).off('close', done);
      resolve();
    };
    sink.on('drain', done).on('close', done);
  });
}
