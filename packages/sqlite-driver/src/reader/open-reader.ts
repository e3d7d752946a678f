import { ownModule } from '../file/own-module.js';
import { type OpenedThread, openThread } from '../thread/open-thread.js';
import type { ThreadHolder } from '../thread/shared-threads.js';
import type { ConnectionOptions } from '../thread/thread-protocol.js';

/** The module of a reader's thread. */
export const readerThread = (): URL => ownModule('reader/reader-thread.js');

/** Starts a thread with a read-only connection. */
export function openReader(options: ConnectionOptions, holder?: ThreadHolder): Promise<OpenedThread> {
  return openThread(readerThread(), options, holder);
}
