import { type CatalogueStorage, tablesOf } from '../catalogue-storage.js';

const BATCH = 500;

/** Deletes the contents that no file refers to any more, in batches, so that other writes run in between. Returns their number. */
export async function removeUnusedContents(storage: CatalogueStorage, signal: AbortSignal): Promise<number> {
  const unused = await storage.kysely
    .selectFrom('content')
    .leftJoin('file', 'file.contentHash', 'content.hash')
    .where('file.name', 'is', null)
    .select('content.hash')
    .execute();
  const { contents } = tablesOf(storage);
  let removed = 0;
  for (let start = 0; start < unused.length; start += BATCH) {
    const hashes = unused.slice(start, start + BATCH).map(({ hash }) => hash);
    removed += await contents.deleteMany(
      {
        where: (eb) =>
          eb.and([
            eb('hash', 'in', hashes),
            // Another transaction may have inserted a file with this content since the lookup.
            eb.not(
              eb.exists(
                eb.selectFrom('file').whereRef('file.contentHash', '=', 'content.hash').select('file.name'),
              ),
            ),
          ]),
      },
      { priority: 'low', signal, label: 'catalogue.removeUnusedContents' },
    );
  }
  return removed;
}
