import { createClient, type InStatement } from '@libsql/client';
import type { Contender } from '../contender.ts';
import { type Item, itemValues, SCAN_PATTERNS } from '../workload/item.ts';
import { GET, INSERT, LIST, SCAN, UPDATE } from '../workload/item-sql.ts';
import { BUSY_TIMEOUT_MS, pragmasOf, VERSION } from './better-sqlite3.ts';
import { createMutex } from './mutex.ts';

/** libSQL's client on a local file. */
export const libsql: Contender = {
  engine: 'sqlite',
  packages: ['@libsql/client'],
  async open(target) {
    const client = createClient({ url: `file:${target.location}`, timeout: BUSY_TIMEOUT_MS });
    const configure = async (): Promise<void> => {
      for (const pragma of pragmasOf(target)) await client.execute(`pragma ${pragma}`);
    };
    await configure();
    const insert = (item: Item): InStatement => ({ sql: INSERT, args: itemValues(item) });
    const update = (id: number, size: number): InStatement => ({ sql: UPDATE, args: [size, id] });
    const alone = createMutex();
    return {
      settings: async () => ({
        sqlite: (await client.execute(VERSION)).rows[0]?.version,
        synchronous: (await client.execute('pragma synchronous')).rows[0]?.synchronous,
      }),
      get: async (id) =>
        (await client.execute({ sql: GET, args: [id] })).rows[0] as unknown as Item | undefined,
      list: async (first, limit) => (await client.execute({ sql: LIST, args: [first, limit] })).rows,
      insert: (item) => client.execute(insert(item)),
      insertMany: (items) => client.batch(items.map(insert), 'write'),
      update: (id, size) => client.execute(update(id, size)),
      batch: (item, first, second) =>
        client.batch([insert(item), update(first, 1), update(second, 2)], 'write'),
      transaction: (item, id) =>
        alone(async () => {
          const tx = await client.transaction('write');
          try {
            await tx.execute(insert(item));
            const { rows } = await tx.execute({ sql: GET, args: [id] });
            await tx.execute(update(id, (Number(rows[0]?.size) + 1) % 65_536));
            await tx.commit();
          } finally {
            tx.close();
          }
        }),
      scan: () => client.execute({ sql: SCAN, args: [...SCAN_PATTERNS] }),
      close: () => client.close(),
    };
  },
};
