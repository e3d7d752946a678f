import { Pool, type PoolClient } from 'pg';
import Cursor from 'pg-cursor';
import type { Contender, Isolation, Session } from '../contender.ts';
import { type Item, itemValues, SCAN_PATTERNS } from '../workload/item.ts';
import { GET, INSERT, LIST, numbered, SCAN, UPDATE } from '../workload/item-sql.ts';
import { beginOf, Replays } from './replay.ts';

/** Number of connections of every PostgreSQL contender. */
export const POOL_SIZE = 10;

/** Rows of one multi-row INSERT: PostgreSQL allows 65,535 parameters. */
const ROWS_PER_INSERT = 5000;

/** The reference: pg's pool with plain queries. */
export const pgUnnamed: Contender = {
  engine: 'postgres',
  packages: ['pg'],
  open: ({ location }) => openPool(location, (sql) => ({ text: numbered(sql) })),
};

/** pg's pool with named statements, which each connection prepares once. */
export const pgNamed: Contender = {
  engine: 'postgres',
  packages: ['pg'],
  open: ({ location }) => openPool(location, named),
};

function named(sql: string): { name: string; text: string } {
  return { name: sql.slice(0, 60), text: numbered(sql) };
}

function openPool(
  connectionString: string,
  statement: (sql: string) => { name?: string; text: string },
): Session {
  const pool = new Pool({ connectionString, max: POOL_SIZE });
  const replays = new Replays();
  const [get, list, insert, update, scan] = [GET, LIST, INSERT, UPDATE, SCAN].map(statement);
  if (!get || !list || !insert || !update || !scan) throw new Error('no statements');
  const bump = async (client: PoolClient, id: number): Promise<void> => {
    const { rows } = await client.query<Item>({ ...get, values: [id] });
    await client.query({ ...update, values: [((rows[0]?.size ?? 0) + 1) % 65_536, id] });
  };
  const atomically = (isolation: Isolation, work: (client: PoolClient) => Promise<void>): Promise<void> =>
    replays.run(() => inTransaction(pool, isolation, work));
  return {
    settings: () => postgresSettings(async (sql) => (await pool.query(sql)).rows),
    get: async (id) => (await pool.query<Item>({ ...get, values: [id] })).rows[0],
    list: async (first, limit) => (await pool.query({ ...list, values: [first, limit] })).rows,
    insert: (item) => pool.query({ ...insert, values: itemValues(item) }),
    insertMany: (items) =>
      inTransaction(pool, 'read committed', async (client) => {
        for (let at = 0; at < items.length; at += ROWS_PER_INSERT) {
          await insertRows(client, items.slice(at, at + ROWS_PER_INSERT));
        }
      }),
    update: (id, size) => pool.query({ ...update, values: [size, id] }),
    transaction: (item, id, isolation) =>
      atomically(isolation, async (client) => {
        await client.query({ ...insert, values: itemValues(item) });
        await bump(client, id);
      }),
    increment: (id) => atomically('serializable', (client) => bump(client, id)),
    stream: () => countRows(pool),
    scan: () => pool.query({ ...scan, values: [...SCAN_PATTERNS] }),
    replays: () => replays.count,
    close: () => pool.end(),
  };
}

async function inTransaction(
  pool: Pool,
  isolation: Isolation,
  work: (client: PoolClient) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(beginOf(isolation));
    await work(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

async function insertRows(client: PoolClient, items: readonly Item[]): Promise<void> {
  const rows = items.map(
    (_, row) => `(${[1, 2, 3, 4, 5, 6].map((column) => `$${row * 6 + column}`).join(', ')})`,
  );
  const text = `insert into item (id, owner, title, body, size, score) values ${rows.join(', ')}`;
  await client.query({ text, values: items.flatMap(itemValues) });
}

/** Reads all rows through a cursor, 100 at a time. */
async function countRows(pool: Pool): Promise<number> {
  const client = await pool.connect();
  const cursor = client.query(new Cursor('select * from item'));
  let count = 0;
  for (let rows = await cursor.read(100); rows.length > 0; rows = await cursor.read(100))
    count += rows.length;
  await cursor.close();
  client.release();
  return count;
}

/** Reads the settings of the server. `query` runs SQL and returns its rows. */
export async function postgresSettings(
  query: (sql: string) => Promise<readonly unknown[]>,
): Promise<Record<string, unknown>> {
  const names = ['server_version', 'fsync', 'synchronous_commit'];
  const columns = names.map((name) => `current_setting('${name}') as ${name}`);
  const [row] = await query(`select ${columns.join(', ')}`);
  return { ...(row as Record<string, unknown>) };
}
