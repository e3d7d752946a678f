export { conformance } from './conformance/conformance.js';
export type { ConformanceOpenOptions, ConformanceTarget } from './conformance/conformance-target.js';
export { startTcpRelay, type TcpRelay, type TcpTarget } from './faults/tcp-relay.js';
export {
  type TemporaryPostgresOptions,
  temporaryPostgresUrl,
  temporarySqlitePath,
} from './vitest/temporary-databases.js';
