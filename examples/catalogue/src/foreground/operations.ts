import { type CatalogueStorage, type CatalogueTables, tablesOf } from '../catalogue-storage.js';
import type { KnownFiles } from './known-files.js';

/** What one caller works with. */
export interface Caller {
  readonly storage: CatalogueStorage;
  readonly tables: CatalogueTables;
  readonly known: KnownFiles;
  /** Told of each view that is durable. */
  readonly onView: () => void;
  /** Where this caller's paging has come to. */
  cursor: string | undefined;
}

/** What callers do, and how often in a hundred. */
export const OPERATIONS = {
  get: { share: 40, run: getFile },
  page: { share: 20, run: turnPage },
  search: { share: 15, run: searchFiles },
  star: { share: 15, run: starFile },
  view: { share: 10, run: viewFile },
} as const satisfies Record<string, Operation>;

/** Name of an operation. */
export type OperationKind = keyof typeof OPERATIONS;

interface Operation {
  readonly share: number;
  readonly run: (caller: Caller) => Promise<unknown>;
}

/** One row by its key. */
async function getFile({ tables, known }: Caller): Promise<void> {
  const key = known.pick();
  if (key !== undefined) await tables.files.get(key);
}

/** The next page of the files changed last. */
async function turnPage(caller: Caller): Promise<void> {
  const { rows, nextCursor } = await caller.tables.files.page({
    orderBy: { modifiedAt: 'desc' },
    size: 25,
    cursor: caller.cursor,
  });
  caller.cursor = nextCursor;
  caller.known.add(rows);
}

/** Files whose name holds or begins with some text. */
async function searchFiles({ tables, known }: Caller): Promise<void> {
  const text = known.pick()?.name.slice(0, 4) ?? 'index';
  const name = Math.random() < 0.5 ? { contains: text } : { startsWith: text };
  known.add(await tables.files.find({ where: { name }, limit: 20 }));
}

/** One column of one row, in a single statement. */
async function starFile({ tables, known }: Caller): Promise<void> {
  const key = known.pick();
  if (key !== undefined) await tables.files.update(key, { isStarred: Math.random() < 0.5 });
}

/** Reads a row and writes what follows from it: without a transaction, views of the same moment would be lost. */
async function viewFile({ storage, known, onView }: Caller): Promise<void> {
  const key = known.pick();
  if (key === undefined) return;
  await storage.write(
    async (tx) => {
      const { files } = tablesOf(tx);
      const file = await files.get(key);
      if (file === undefined) return;
      await files.update(key, { viewCount: file.viewCount + 1, lastViewedAt: new Date() });
      tx.afterCommit(onView);
    },
    { label: 'catalogue.view' },
  );
}
