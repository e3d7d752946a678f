import { statSync } from 'node:fs';
import { ReaderPool } from '../reader/reader-pool.js';
import type { Symptoms } from './examine.js';

/**
 * Reads the measurements of a file.
 *
 * @throws ConfigurationError or CorruptError when the file cannot be read.
 */
export async function readSymptoms(path: string): Promise<Omit<Symptoms, 'machines' | 'metrics'>> {
  const pool = await ReaderPool.open(path, 1);
  try {
    const [row] = await pool.run('query', {
      sql: 'select p.page_size * f.freelist_count, j.journal_mode from pragma_page_size p, pragma_freelist_count f, pragma_journal_mode j',
      limit: 1,
    });
    return {
      fileBytes: statSync(path).size,
      walBytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      freeBytes: Number(row?.[0] ?? 0),
      journalMode: String(row?.[1] ?? 'unknown'),
    };
  } finally {
    await pool.close();
  }
}
