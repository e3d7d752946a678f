import type { RawRows } from '../values/raw-result.js';

/** How long a lookup in the catalog may take, in milliseconds. */
const LOOKUP_MS = 2000;

/** A lookup keeps the session as it is. */
export interface LookupOptions {
  readonly deadline: number;
  readonly keepsSession: true;
}

export function lookupOptions(): LookupOptions {
  return { deadline: performance.now() + LOOKUP_MS, keepsSession: true };
}

/** What a query on the catalog needs of a connection. */
export interface CatalogConnection {
  /** `I` outside a transaction. */
  readonly status: string | null;
  run(text: string, parameters: readonly unknown[], options: LookupOptions): Promise<Pick<RawRows, 'rows'>>;
}
