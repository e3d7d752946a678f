import { temporaryPostgresUrl } from '@sluice/testkit';
import { testOpenings } from '@sluice/testkit/driver-tests';

testOpenings({
  module: import.meta.resolve('@sluice/postgres-driver'),
  factory: 'postgres',
  createDatabase: () => temporaryPostgresUrl(),
});
