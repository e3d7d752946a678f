/** The resources that a process holds. A leak increases one of the numbers. */
export interface HeldResources {
  /** Open file descriptors. */
  readonly files: number;
  /** Threads; 0 where the operating system does not report them. */
  readonly threads: number;
  /** Timers, sockets and other handles that keep the process alive. */
  readonly resources: number;
  readonly megabytes: number;
}
