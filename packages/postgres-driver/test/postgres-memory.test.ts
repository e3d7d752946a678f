import { temporaryPostgresUrl } from '@sluice/testkit';
import { testSurvivors } from '@sluice/testkit/driver-tests';

testSurvivors({
  module: import.meta.resolve('@sluice/postgres-driver'),
  factory: 'postgres',
  createDatabase: () => temporaryPostgresUrl(),
});
