import { createHash } from 'node:crypto';
import { access, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BackupBefore, BackupBeforeOptions, Database } from '@sluice/core';

/** What a copy of the database is written before. */
interface NextSteps {
  /** The migrations that are to be taken, the next one first. */
  readonly steps: readonly string[];
  /** SQLite's count of committed changes of the schema. A migration that fails does not change it. */
  readonly schemaVersion: number;
}

/** Two copies before the same steps on the same schema have the same set in their names: an attempt at the steps failed between them. */
const NAME = /^(?<set>before-.+-[\da-f]{8}-v\d+)-(?<time>\d{4}-\d{2}-\d{2}T[\d.-]+Z)\.backup$/;

interface Copy {
  readonly path: string;
  readonly set: string;
  readonly time: string;
}

/** Copies the database at `path` before the migrations `steps` are taken, then deletes the copies that are not kept. */
export async function backUpBefore(
  database: Pick<Database, 'backup' | 'execute'>,
  path: string,
  steps: readonly string[],
  { keep, ...options }: BackupBeforeOptions,
): Promise<BackupBefore> {
  const statement = { sql: 'pragma schema_version', parameters: [], access: 'read' } as const;
  const { rows } = await database.execute(statement, options);
  const copy = nameCopy(path, { steps, schemaVersion: Number(rows[0]?.schema_version) }, new Date());
  await database.backup(copy, options);
  return { path: copy, removed: await removeOldCopies(path, copy, keep) };
}

/** The path of a copy beside the database: `app.db.before-0002-5d41402a-v7-2026-11-21T02-57-00.000Z.backup`. */
function nameCopy(path: string, { steps, schemaVersion }: NextSteps, time: Date): string {
  const [first = ''] = steps;
  const hash = createHash('sha256').update(JSON.stringify(steps)).digest('hex').slice(0, 8);
  const set = `before-${first.replaceAll(/[^\w.-]/g, '_')}-${hash}-v${schemaVersion}`;
  return `${path}.${set}-${time.toISOString().replaceAll(':', '-')}.backup`;
}

/**
 * Deletes the copies that the one at `newest` supersedes, which failed attempts at the same steps left, and all but the `keep` newest. A copy that
 * was opened and still has a WAL is left alone. Returns the paths of those deleted.
 */
async function removeOldCopies(path: string, newest: string, keep: number): Promise<string[]> {
  const copies = await findCopies(path);
  const set = copies.find((copy) => copy.path === newest)?.set;
  const others = copies.filter((copy) => copy.path !== newest);
  const kept = others.filter((copy) => copy.set !== set).slice(0, keep - 1);
  const removed: string[] = [];
  for (const copy of others) {
    if (kept.includes(copy) || (await exists(`${copy.path}-wal`))) continue;
    await rm(copy.path, { force: true });
    removed.push(copy.path);
  }
  return removed;
}

/** The copies of a database, the newest first. */
async function findCopies(path: string): Promise<Copy[]> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const copies: Copy[] = [];
  for (const name of await readdir(folder)) {
    const { set, time } = (name.startsWith(prefix) && NAME.exec(name.slice(prefix.length))?.groups) || {};
    if (set !== undefined && time !== undefined) copies.push({ path: join(folder, name), set, time });
  }
  return copies.sort((a, b) => (a.time < b.time ? 1 : -1));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
