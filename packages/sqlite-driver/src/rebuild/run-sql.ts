import type { Row } from '@sluice/core';

/** Runs one statement in the transaction that an alteration is made in, and gives its rows. */
export type RunSql = (sql: string, ...parameters: readonly string[]) => Promise<readonly Row[]>;
