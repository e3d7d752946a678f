import { temporaryPostgresUrl } from '@sluice/testkit';
import { testJointMigration } from '@sluice/testkit/driver-tests';

testJointMigration({
  module: import.meta.resolve('@sluice/postgres-driver'),
  factory: 'postgres',
  createDatabase: () => temporaryPostgresUrl(),
});
