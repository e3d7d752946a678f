import { temporarySqlitePath } from '@sluice/testkit';
import { testOpenings } from '@sluice/testkit/driver-tests';

testOpenings({
  module: import.meta.resolve('@sluice/sqlite-driver'),
  factory: 'sqlite',
  createDatabase: async () => `sqlite:${await temporarySqlitePath()}`,
});
