/** What a process holds; a leak adds to it. */
export interface HeldResources {
  /** Open file descriptors. */
  readonly files: number;
  /** Threads; 0 where the system does not tell. */
  readonly threads: number;
  /** Timers, sockets and whatever else keeps the process alive. */
  readonly resources: number;
  readonly megabytes: number;
}
