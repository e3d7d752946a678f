import type { RawRows } from '../values/raw-result.js';

/** How long a lookup in the catalog may take, in milliseconds. */
export const LOOKUP_MS = 2000;

/** What a query on the catalog needs of a connection. */
export interface CatalogConnection {
  /** `I` outside a transaction. */
  readonly status: string | null;
  run(
    text: string,
    parameters: readonly unknown[],
    options: { readonly deadline: number },
  ): Promise<Pick<RawRows, 'rows'>>;
}
