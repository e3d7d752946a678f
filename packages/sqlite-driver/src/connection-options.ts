import type { OpenFiles } from './file/file-watch.js';
import type { Location } from './file/path.js';
import type { ResolvedOptions } from './options/options.js';
import type { ConnectionOptions } from './thread/thread-protocol.js';

/** The settings of a connection to a file. */
export function connectionOptions(
  role: ConnectionOptions['role'],
  { path, isTemporary }: Location,
  files: OpenFiles,
  options: ResolvedOptions,
): ConnectionOptions {
  const { values, openTimeoutMs, cacheBytes, mmapBytes, tempStore } = options;
  return {
    path,
    files,
    role,
    values,
    openTimeoutMs,
    cacheBytes,
    mmapBytes,
    tempStore,
    synchronous: isTemporary ? 'off' : options.durability,
    walLimitBytes: options.walBudgetBytes / 4,
    sharesThreads: options.profile === 'tenants',
    spareMs: options.threadIdleMs,
  };
}
