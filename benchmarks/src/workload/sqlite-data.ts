import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Target } from '../contender.ts';
import type { ContenderEntry } from '../contenders.ts';
import { ContenderProcess } from '../run/contender-process.ts';
import type { Data } from '../run/data.ts';
import type { Scenario } from '../scenario.ts';
import { itemOf, itemValues } from './item.ts';
import { CREATE_ITEM, INSERT } from './item-sql.ts';

/** SQLite files. Each contender gets its own copy of a file with the rows. */
export class SqliteData implements Data {
  readonly rows: number;
  readonly #folder: string;
  readonly #templates = new Map<string, Promise<string>>();
  #count = 0;

  constructor(folder: string, rows: number) {
    this.#folder = folder;
    this.rows = rows;
  }

  async provide(entry: ContenderEntry, { target }: Scenario): Promise<Target> {
    const template = await this.#template(entry);
    this.#count += 1;
    const location = join(this.#folder, `${this.#count}.db`);
    copyFileSync(template, location);
    const database = new Database(location);
    database.pragma(`journal_mode = ${target.journal}`);
    database.close();
    return { ...target, location };
  }

  firstId(): number {
    return this.rows + 1;
  }

  async discard({ location }: Target): Promise<void> {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${location}${suffix}`, { force: true });
  }

  async close(): Promise<void> {}

  #template(entry: ContenderEntry): Promise<string> {
    const template = this.#templates.get(entry.name) ?? this.#createTemplate(entry);
    this.#templates.set(entry.name, template);
    return template;
  }

  /** Creates a file with the rows. The contender may create the table itself. */
  async #createTemplate(entry: ContenderEntry): Promise<string> {
    const location = join(this.#folder, `template-${entry.name.replace(':', '-')}.db`);
    const isMade = await createOwnTable(entry, location);
    const database = new Database(location);
    database.pragma('synchronous = off');
    if (!isMade) database.exec(CREATE_ITEM);
    const insert = database.prepare(INSERT);
    database.transaction(() => {
      for (let id = 1; id <= this.rows; id += 1) insert.run(itemValues(itemOf(id)));
    })();
    database.pragma('journal_mode = delete');
    database.close();
    return location;
  }
}

async function createOwnTable(entry: ContenderEntry, location: string): Promise<boolean> {
  const child = new ContenderProcess({});
  try {
    const { createsTable } = await child.load(entry.engine, entry.name);
    const target: Target = { location, durability: 'normal', journal: 'wal' };
    if (createsTable) await child.request({ kind: 'createTable', target });
    return createsTable;
  } finally {
    await child.end();
  }
}
