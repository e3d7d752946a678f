import type { DatabaseTransaction, ExecuteOptions, Statement, StatementResult } from '../driver/driver.js';

/** Runs a repository's statements: the storage, outside transactions, or one transaction, or a batch. */
export interface StatementRunner extends Pick<DatabaseTransaction, 'execute' | 'stream'> {
  /** Runs statements in order. Default: by `execute`, each after the one before. */
  executeAll?(statements: readonly Statement[], options: ExecuteOptions): Promise<readonly StatementResult[]>;
}

/** Runs statements in order. */
export async function executeAll(
  runner: StatementRunner,
  statements: readonly Statement[],
  options: ExecuteOptions,
): Promise<readonly StatementResult[]> {
  if (runner.executeAll !== undefined) return runner.executeAll(statements, options);
  const results: StatementResult[] = [];
  for (const statement of statements) results.push(await runner.execute(statement, options));
  return results;
}
