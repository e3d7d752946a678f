import type { Row } from '@sluice/core';

/** Runs one statement in the transaction of the alteration, and resolves with its rows. */
export type RunSql = (sql: string, ...parameters: readonly string[]) => Promise<readonly Row[]>;
