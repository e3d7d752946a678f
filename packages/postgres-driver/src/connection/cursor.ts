import type { Client } from 'pg';
import Cursor from 'pg-cursor';
import type { DataRow } from '../values/data-row.js';
import type { RawRows } from '../values/raw-result.js';

/** A portal of the server that is read in batches. */
export class PostgresCursor {
  readonly #cursor: RowCursor;
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(text: string, parameters: readonly unknown[]) {
    this.#cursor = new RowCursor(text, [...parameters], { rowMode: 'array' });
  }

  /** Reads the next `count` rows; fewer mean that the portal is exhausted. The first call sends the statement. */
  read(client: Client, count: number): Promise<RawRows> {
    if (this.#state === 'new') client.query(this.#cursor);
    this.#state = 'open';
    return new Promise((resolve, reject) => {
      this.#cursor.read(count, (error, _, result) => {
        const rows = this.#cursor.takeRows();
        // After an error pg-cursor closes the portal itself, and the promise of its close() would never settle.
        if (error || rows.length < count) this.#state = 'closed';
        if (error) reject(error);
        else resolve({ fields: result.fields, rows });
      });
    });
  }

  /** Asks the server to close the portal, where it is open. Returns whether it did; then the server will answer with ReadyForQuery. */
  close(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'closed';
    void this.#cursor.close();
    return true;
  }
}

/** Collects the undecoded rows; pg-cursor would parse each of them. */
class RowCursor extends Cursor {
  #rows: DataRow[] = [];

  override handleDataRow(row: DataRow): void {
    this.#rows.push(row);
  }

  takeRows(): readonly DataRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}
