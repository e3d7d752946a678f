import type { PostgresResult } from '@sluice/postgres-driver';

/** A statement, or without `sql` the next rows of a portal. */
export interface StatementRequest {
  readonly sql?: string;
  readonly parameters?: readonly (string | Uint8Array | null)[];
  /** Where a statement is read from in batches of so many `rows`, until the transaction ends. */
  readonly portal?: { readonly name: string; readonly rows: number };
}

/** PostgreSQL's error: an Error would lose its properties on the way between threads. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly message: string;
  readonly details: Readonly<Record<'code' | 'column' | 'constraint' | 'table', string | undefined>>;
}

/** What the thread answers a statement with. `status` is the transaction's, as the protocol says it. */
export type Answer = ((PostgresResult & { readonly kind: 'result' }) | Refusal) & { readonly status: string };
