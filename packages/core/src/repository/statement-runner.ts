import type { DatabaseTransaction } from '../driver/driver.js';

/** Runs a repository's statements: the storage, outside transactions, or one transaction. */
export type StatementRunner = Pick<DatabaseTransaction, 'execute' | 'stream'>;
