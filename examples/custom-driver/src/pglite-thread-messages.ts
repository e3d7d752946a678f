import type { PostgresResult } from '@sluice/postgres-driver';

/** A statement. Without `sql` it requests the next rows of a portal. */
export interface StatementRequest {
  readonly sql?: string;
  readonly parameters?: readonly (string | Uint8Array | null)[];
  /** Reads the statement in batches of `rows` rows, until the transaction ends. */
  readonly portal?: { readonly name: string; readonly rows: number };
}

/** PostgreSQL's error as a plain object, because an Error would lose its properties between threads. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly message: string;
  readonly details: Readonly<Record<'code' | 'column' | 'constraint' | 'table', string | undefined>>;
}

/** The thread's answer to a statement. `status` is the transaction status of the protocol. */
export type Answer = ((PostgresResult & { readonly kind: 'result' }) | Refusal) & { readonly status: string };
