import type { StorageTransaction } from '@sluice/core';
import type { Insertable } from 'kysely';
import mime from 'mime';
import { type CatalogueTables, tablesOf } from '../catalogue-storage.js';
import type { Content, DB, File } from '../db.js';
import type { FileContent } from '../files/hash-file.js';
import type { SuspectFile } from './compare-folders.js';
import type { LoadTally } from './load-tally.js';

/** A file and its content. */
export interface HashedFile {
  readonly file: SuspectFile;
  readonly content: FileContent;
}

/** Stores files and their contents inside a transaction, and returns the counts. */
export async function writeFiles(
  tx: StorageTransaction<DB>,
  hashed: readonly HashedFile[],
): Promise<Partial<LoadTally>> {
  if (hashed.length === 0) return {};
  const newContents = await insertContents(tablesOf(tx), hashed);
  await upsertFiles(tx, hashed);
  const added = hashed.filter(({ file }) => file.known === undefined).length;
  const unchanged = hashed.filter(({ file, content }) => file.known?.contentHash === content.hash).length;
  return {
    added,
    changed: hashed.length - added - unchanged,
    unchanged,
    rowsWritten: newContents + hashed.length,
  };
}

/**
 * Uses one statement without reading first. If the transaction read the files, it would have read rows that the callers write, and on
 * PostgreSQL their short transactions would cause conflicts with this long one again and again. Columns that only callers write are kept.
 */
async function upsertFiles({ kysely }: StorageTransaction<DB>, hashed: readonly HashedFile[]): Promise<void> {
  await kysely
    .insertInto('file')
    .values(hashed.map(toFile))
    .onConflict((conflict) =>
      conflict.columns(['folderPath', 'name']).doUpdateSet((eb) => ({
        contentHash: eb.ref('excluded.contentHash'),
        size: eb.ref('excluded.size'),
        modifiedAt: eb.ref('excluded.modifiedAt'),
        mimeType: eb.ref('excluded.mimeType'),
      })),
    )
    .execute();
}

/** Inserts the contents that do not exist yet, and returns their number. */
async function insertContents({ contents }: CatalogueTables, hashed: readonly HashedFile[]): Promise<number> {
  const byHash = new Map<string, Insertable<Content>>(hashed.map(({ content }) => [content.hash, content]));
  const rows = [...byHash.values()];
  const known = await contents.getMany(rows.map(({ hash }) => hash));
  return contents.insertMany(rows.filter((_, index) => known[index] === undefined));
}

/** The size is the number of bytes that were read. If the file grew meanwhile, it counts as changed in the next load. */
function toFile({ file, content }: HashedFile): Insertable<File> {
  return {
    folderPath: file.folderPath,
    name: file.name,
    contentHash: content.hash,
    size: content.size,
    modifiedAt: file.modifiedAt,
    mimeType: mime.getType(file.name),
  };
}
