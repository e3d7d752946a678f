export { type Fault, type FaultyDriver, faultyDriver } from './application/faulty-driver.js';
export { type RecordingDriver, recordingDriver } from './application/recording-driver.js';
export { rolledBack } from './application/rolled-back.js';
export { type TemporaryStorageOptions, temporaryStorage } from './application/temporary-storage.js';
export { type TestClock, testClock } from './application/test-clock.js';
export { conformance } from './conformance/conformance.js';
export {
  type NodeContainer,
  type NodeContainerOptions,
  nodeContainersMissing,
  startNodeContainer,
} from './containers/node-container.js';
export { type SwallowedDirection, startTcpRelay, type TcpRelay, type TcpTarget } from './faults/tcp-relay.js';
export type { ConformanceOpenOptions, ConformanceTarget } from './fixture/conformance-target.js';
export { checkHistory } from './history/check-history.js';
export type { History, Operation, Problem, ProblemKind, RecordedTransaction } from './history/history.js';
export {
  type HistoryDatabase,
  historyMigrations,
  type RecordHistoryOptions,
  recordHistory,
} from './history/record-history.js';
export type { AnomalyName } from './isolation/anomalies.js';
export { type IsolationTable, isolationMatrix } from './isolation/isolation-matrix.js';
export { type CheckedModel, type CheckModelOptions, checkModel } from './model/check-model.js';
export type { ModelDatabase, OpenModelStorage } from './model/run-program.js';
export { type CheckedQueries, type CheckQueriesOptions, checkQueries } from './queries/check-queries.js';
export type { RandomDatabase } from './queries/query.js';
export {
  type TemporaryPostgresOptions,
  temporaryPostgresUrl,
  temporarySqlitePath,
} from './vitest/temporary-databases.js';
