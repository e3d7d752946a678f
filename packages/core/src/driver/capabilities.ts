/**
 * What a driver keeps of the contract beyond its core, named by behaviour. The conformance suite reads it: what is declared
 * absent must be refused with an UnsupportedError. Applications read the same object as `storage.capabilities`.
 */
export interface Capabilities {
  /** Reads run beside an open write transaction, and writes beside an open read; otherwise transactions run one at a time. */
  readonly concurrentReaders: boolean;
  /** Several write transactions may run at once, so that a conflict may replay one. */
  readonly concurrentWriters: boolean;
  /** Several processes may open the same database. False for a database in memory. */
  readonly sharedBetweenProcesses: boolean;
  /** What was acknowledged outlives the process. False for a database in memory. */
  readonly durable: boolean;
  /** What was acknowledged outlives power loss. `undefined` when that depends on settings the driver does not see. */
  readonly survivesPowerLoss?: boolean | undefined;
  /** `storage.backup(path)` writes a copy while others go on. */
  readonly onlineBackup: boolean;
  /** `storage.watch(tables)` tells of commits, by whatever process. */
  readonly watchesChanges: boolean;
  /** A statement that is running is interrupted by its signal or deadline; otherwise only its caller is released. */
  readonly interruptsRunning: boolean;
  /** Weaker isolation levels than `serializable` can be asked for; otherwise every level is serializable. */
  readonly weakerIsolation: boolean;
  /** Most parameters in one statement. */
  readonly maxParameters: number;
}
