import { type OpenedThread, openThread } from '../thread/open-thread.js';
import type { ThreadHolder } from '../thread/shared-threads.js';
import type { ConnectionOptions } from '../thread/thread-protocol.js';

/** The module of a reader's thread. */
export const READER_THREAD: URL = new URL('./reader-thread.js', import.meta.url);

/** Starts a thread with a read-only connection. */
export function openReader(options: ConnectionOptions, holder?: ThreadHolder): Promise<OpenedThread> {
  return openThread(READER_THREAD, options, holder);
}
