import { Client } from 'pg';
import type { Target } from '../contender.ts';
import type { ContenderEntry } from '../contenders.ts';
import type { Data } from '../run/data.ts';
import type { Scenario } from '../scenario.ts';
import { itemOf, itemValues } from './item.ts';
import { CREATE_ITEM } from './item-sql.ts';

/** The distance between the id ranges of contenders, which share one table, so that they never use the same id. */
const IDS_PER_CONTENDER = 5_000_000;

const ROWS_PER_INSERT = 10_000;

/** A durable PostgreSQL server with one database. All contenders share its table, and each inserts rows in its own range of ids. */
export class PostgresData implements Data {
  readonly rows: number;
  readonly description: string;
  readonly #server: PostgresServer;
  readonly #url: string;
  #ranges = 0;

  private constructor(server: PostgresServer, url: string, rows: number) {
    this.#server = server;
    this.#url = url;
    this.rows = rows;
    this.description = server.description;
  }

  static async start(rows: number): Promise<PostgresData> {
    const server = await startServer();
    const url = await server.createDatabase();
    await seed(url, rows);
    return new PostgresData(server, url, rows);
  }

  async provide(_: ContenderEntry, { target }: Scenario): Promise<Target> {
    return { ...target, location: this.#url };
  }

  firstId(): number {
    this.#ranges += 1;
    return this.rows + 1 + (this.#ranges % 400) * IDS_PER_CONTENDER;
  }

  async discard(): Promise<void> {}

  async close(): Promise<void> {
    await this.#server.stop();
  }
}

interface PostgresServer {
  readonly description: string;
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the server of the tests, but with flushes on. */
async function startServer(): Promise<PostgresServer> {
  const testkit = new URL(
    '../../../packages/testkit/dist/postgres-server/postgres-server.js',
    import.meta.url,
  );
  const { startPostgresServer } = await import(testkit.href);
  return startPostgresServer({ durable: true, onNotice: (line: string) => console.error(line) });
}

async function seed(connectionString: string, rows: number): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(CREATE_ITEM);
  const types = ['int', 'int', 'text', 'text', 'int', 'double precision'];
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
  for (let first = 1; first <= rows; first += ROWS_PER_INSERT) {
    const count = Math.min(ROWS_PER_INSERT, rows - first + 1);
    const values = Array.from({ length: count }, (_, index) => itemValues(itemOf(first + index)));
    const columns = types.map((_, column) => values.map((row) => row[column]));
    await client.query(`insert into item select * from unnest(${arrays})`, columns);
  }
  await client.query('vacuum analyze item');
  await client.end();
}
