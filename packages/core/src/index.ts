export type {
  BackupCallOptions,
  CallOptions,
  ReadOptions,
  TransactionOptions,
} from './call/call-options.js';
export { withinDeadline } from './call/within-deadline.js';
export {
  type Catalog,
  type CatalogColumn,
  type CatalogTable,
  type ForeignType,
  keepUnchanged,
} from './catalog/catalog.js';
export {
  DatabaseDialect,
  type DatabaseDialectOptions,
  type DialectDatabase,
} from './dialect/database-dialect.js';
export type { ConnectionDatabase, LaneConnectionOptions, TypedLane } from './dialect/lane-connection.js';
export { isOrderOfQuery } from './dialect/set-operations.js';
export { type ContractValues, native, typed } from './dialect/typed-expression.js';
export type { Capabilities } from './driver/capabilities.js';
export type {
  DatabaseMetrics,
  LockEvent,
  LockMetrics,
} from './driver/database-metrics.js';
export { type DatabaseWarning, emitProcessWarning, type OnWarning } from './driver/database-warning.js';
export type {
  Access,
  ArithmeticOperator,
  BackupBefore,
  BackupBeforeOptions,
  BackupOptions,
  BackupProgress,
  BeginOptions,
  CatalogOptions,
  ChangeListener,
  Database,
  DatabaseSession,
  DatabaseSql,
  DatabaseTransaction,
  Driver,
  ExecuteOptions,
  IsolationLevel,
  Row,
  RowInsertion,
  RowLookup,
  SchemaChangeOptions,
  SessionOptions,
  Statement,
  StatementResult,
  StoredForms,
} from './driver/driver.js';
export { functionCall, textLiteral } from './driver/function-call.js';
export { columnOfRows, selectFromRows, wholeRow } from './driver/json-rows.js';
export type {
  DatePart,
  JsonColumn,
  PortableFunctions,
  TimeUnit,
} from './driver/portable-functions.js';
export * from './errors/index.js';
export { percentile } from './functions/percentile.js';
export { jsonArrayFrom, jsonObjectFrom } from './functions/relations.js';
export { addMs, ago, bucket, type Duration, datePart, durationMs, now, type Time } from './functions/time.js';
export { Lane, type LaneOptions, type Lease } from './lane/lane.js';
export type { LaneHolder, LaneMetrics } from './lane/lane-metrics.js';
export { LaneWaits } from './lane/lane-waits.js';
export type { Priority } from './lane/priority.js';
export { SerialQueue } from './lane/serial-queue.js';
export {
  type QueueHolder,
  WaitingQueue,
  type WaitingQueueOptions,
  type WaitOptions,
} from './lane/waiting-queue.js';
export { Summary, type SummarySnapshot } from './metrics/summary.js';
export type { MigrateOptions } from './migrations/migrate-options.js';
export type { MigrationSource } from './migrations/migration-sources.js';
export type {
  MigrationContext,
  StorageMigration,
  StorageMigrationProvider,
} from './migrations/storage-migration.js';
export type {
  MigrationPlan,
  MigrationStatus,
  MigrationStep,
  StorageMigrator,
} from './migrations/storage-migrator.js';
export { assertKnownOptions, type OptionNames } from './options/known-options.js';
export { decrement, type Increment, increment } from './repository/increment.js';
export type {
  BatchRepository,
  BatchScopeOf,
  Changes,
  ClaimQuery,
  ColumnList,
  Condition,
  Filter,
  FindQuery,
  InsertManyOptions,
  KeyColumns,
  KeyValue,
  LoadOptions,
  LoadProgress,
  OnConflict,
  Order,
  OrderBy,
  Page,
  PageQuery,
  PartOf,
  Patch,
  Query,
  Repository,
  RepositoryOptions,
  ScopeOf,
  SelectedRow,
  Selecting,
  StreamOptions,
  StreamQuery,
  TableName,
  Tables,
  TextColumns,
  TextRepositoryOptions,
  UpsertChanges,
  UpsertOptions,
  Where,
  WhereObject,
  WithText,
  WriteQuery,
} from './repository/repository.js';
export type { SingleConnection } from './single-connection/single-connection.js';
export {
  SingleConnectionDatabase,
  type SingleConnectionOptions,
} from './single-connection/single-connection-database.js';
export type { BatchResult, BatchResults } from './storage/batch.js';
export type { CallResults, StorageBatch } from './storage/batch-of-calls.js';
export { openStorage } from './storage/open-storage.js';
export type { Storage, StorageEvents, StorageHealth, StorageTransaction } from './storage/storage.js';
export type { OperationMetrics, StorageMetrics } from './storage/storage-metrics.js';
export type { StorageOptions } from './storage/storage-options.js';
export type { SnapshotOptions, StorageSnapshot } from './storage/storage-snapshot.js';
export type { TableChange, TableWatch, WatchOptions } from './storage/table-watch.js';
export { CommitWindow, sharedCommitError, yieldedError } from './transaction/commit-window.js';
export { assertKeepsTransaction, transactionEndedError } from './transaction/ended-transaction.js';
export type { ReplayReason } from './transaction/replay.js';
export type { CheckedArray } from './values/check-array.js';
export type { CheckedValue } from './values/check-value.js';
export { inexactNumber } from './values/exact-json.js';
export { parseExactJson } from './values/parse-exact-json.js';
export { portableTypeError } from './values/portable-type-error.js';
export { scaledText } from './values/scaled-text.js';
export { parseValueType, VALUE_TYPE_NAMES, type ValueType, type ValueTypeName } from './values/value-type.js';
