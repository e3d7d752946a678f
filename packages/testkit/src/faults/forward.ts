import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pause } from './pause.js';

/** Maximum number of bytes that wait in one direction. Beyond it, the relay stops reading from the sender. */
const BUFFER_BYTES = 1024 * 1024;

/** How data is forwarded. */
export interface Forwarding {
  readonly pause: Pause;
  /** The delay of the data that arrives now, in milliseconds. */
  readonly delayMs: () => number;
  /** Whether data, and the end, are dropped. */
  readonly isSwallowed: () => boolean;
}

/**
 * Forwards the data of `source` in order. Each chunk is sent `delayMs()` after it arrived, or when the pause ends. The delay is latency, not
 * bandwidth: chunks that arrive together are sent together.
 */
export function forward(source: Socket, sink: Socket, { pause, delayMs, isSwallowed }: Forwarding): void {
  let waitingBytes = 0;
  let line: Promise<unknown> = Promise.resolve();
  const send = (deliver: () => Promise<void> | void): void => {
    const delay = delayMs();
    const arrival = delay > 0 ? sleep(delay, undefined, { ref: false }) : undefined;
    line = Promise.all([line, arrival])
      .then(() => pause.waitUntilOver())
      .then(deliver)
      .catch(() => sink.resetAndDestroy());
  };
  source.on('data', (chunk: Buffer) => {
    waitingBytes += chunk.length;
    if (waitingBytes > BUFFER_BYTES) source.pause();
    send(async () => {
      if (!isSwallowed()) await write(sink, chunk);
      waitingBytes -= chunk.length;
      if (waitingBytes <= BUFFER_BYTES) source.resume();
    });
  });
  source.once('end', () => send(() => void (isSwallowed() || sink.end())));
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
