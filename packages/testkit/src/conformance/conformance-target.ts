import type { Capabilities, Storage, StorageOptions } from '@sluice/core';

/** What a driver's author hands to {@link conformance}. */
export interface ConformanceTarget {
  /** Names the driver in the report: `sqlite`, `postgres 18`. */
  readonly name: string;
  /** What the author declares. A storage that says otherwise fails, and what is declared absent must be refused. */
  readonly capabilities: Capabilities;
  /**
   * Opens a storage on `database`, a name of letters, digits and underscores that the suite chooses. A name not seen before is an empty
   * database; the same name again is another storage on the same database.
   *
   * @example
   * open: (database, { queueLimit, ...options }) =>
   *   openStorage({ ...options, url: `sqlite:${folder}/${database}.db`, drivers: [sqlite({ queueLimit })] })
   */
  open<DB>(database: string, options: ConformanceOpenOptions): Promise<Storage<DB>>;
  /** How long `open` and `close` may take, in milliseconds; a driver that takes longer hangs, and no further case is tried. Default 30,000. */
  readonly deadlineMs?: number | undefined;
  /**
   * The folder to write the score to, as `<name>.json` and, as a badge, `<name>.svg`. Default: that of the environment variable
   * `SLUICE_CONFORMANCE_REPORT`; without it nothing is written.
   */
  readonly report?: string | undefined;
  /** Removes a database, once every storage on it is closed. Default: it is left to the author. */
  drop?(database: string): Promise<void>;
}

/** What the suite asks of a storage; all of it must be honoured. */
export interface ConformanceOpenOptions extends Omit<StorageOptions, 'drivers' | 'url'> {
  /** Most calls that may wait at one gate of the driver; one more is refused. The cases of C10 set it low. Default: the driver's own. */
  readonly queueLimit?: number | undefined;
}
