export { FILE_FAULTS, type FileFault, type FileFaultContext } from '../faults/file-faults.js';
export { rejection } from '../fixture/rejection.js';
export { freePort } from '../postgres-server/free-port.js';
export { type OpenedDatabase, openDatabase, type RunOptions, runIn, until } from './open-database.js';
export { type DriverModule, testJointMigration, testOpenings, testSurvivors } from './process-tests.js';
