/**
 * The optional parts of the contract that a driver offers, each named by its behaviour. The driver must refuse what it declares absent with an
 * UnsupportedError; the conformance suite tests both. Applications read the same object as `storage.capabilities`.
 */
export interface Capabilities {
  /** Reads run beside an open write transaction, and writes beside an open read; otherwise transactions run one at a time. */
  readonly concurrentReaders: boolean;
  /** Several write transactions may run at once, so that a conflict may replay one. */
  readonly concurrentWriters: boolean;
  /** Several processes may open the same database. False for a database in memory. */
  readonly sharedBetweenProcesses: boolean;
  /** A committed transaction survives the end of the process. False for a database in memory. */
  readonly durable: boolean;
  /** A committed transaction survives a power loss. `undefined` when that depends on settings that the driver cannot read. */
  readonly survivesPowerLoss?: boolean | undefined;
  /** `storage.backup(path)` writes a copy while other calls run. */
  readonly onlineBackup: boolean;
  /** `storage.watch(tables)` reports the commits of every process. */
  readonly watchesChanges: boolean;
  /** A signal or deadline interrupts the statement that runs. Otherwise the call ends, but its statement runs on. */
  readonly interruptsRunning: boolean;
  /** Transactions can have a weaker isolation level than `serializable`; otherwise every level is treated as `serializable`. */
  readonly weakerIsolation: boolean;
  /**
   * Some schema changes cannot be part of a transaction, so a migration with `transaction = false` runs without one, and a failure leaves what it did before.
   * Otherwise every migration is one transaction. Default false.
   */
  readonly schemaChangesOutsideTransactions?: boolean | undefined;
  /** The most parameters of one statement. */
  readonly maxParameters: number;
}
