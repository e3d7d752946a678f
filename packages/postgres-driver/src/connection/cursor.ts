import type { Client } from 'pg';
import Cursor from 'pg-cursor';
import type { DataRow } from '../values/data-row.js';
import type { RawRows } from '../values/raw-result.js';

/** A portal that is read in batches. */
export class PostgresCursor {
  readonly #cursor: RowCursor;
  #state: 'new' | 'open' | 'over' = 'new';

  constructor(text: string, parameters: readonly unknown[]) {
    this.#cursor = new RowCursor(text, [...parameters], { rowMode: 'array' });
  }

  read(client: Client, count: number): Promise<RawRows> {
    if (this.#state === 'new') client.query(this.#cursor);
    this.#state = 'open';
    return new Promise((resolve, reject) => {
      this.#cursor.read(count, (error, _, result) => {
        const rows = this.#cursor.takeRows();
        // After an error pg-cursor ends the portal by itself, and waiting for its close would be for ever.
        if (error || rows.length < count) this.#state = 'over';
        if (error) reject(error);
        else resolve({ fields: result.fields, rows });
      });
    });
  }

  /** Tells the server to close it, where that is still to be done; the server will then be ready again. */
  close(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'over';
    void this.#cursor.close();
    return true;
  }
}

/** Keeps the rows as they came; pg-cursor would parse each of them. */
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
