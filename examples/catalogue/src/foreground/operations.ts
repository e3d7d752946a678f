import { type CatalogueStorage, type CatalogueTables, tablesOf } from '../catalogue-storage.js';
import type { KnownFiles } from './known-files.js';

/** The context of one caller. */
export interface Caller {
  readonly storage: CatalogueStorage;
  readonly tables: CatalogueTables;
  readonly known: KnownFiles;
  /** Called after each committed view. */
  readonly onView: () => void;
  /** The cursor of this caller's current page. */
  cursor: string | undefined;
}

/** The operations of the callers, and how many of a hundred each gets. */
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

/** Reads one row by its key. */
async function getFile({ tables, known }: Caller): Promise<void> {
  const key = known.pick();
  if (key !== undefined) await tables.files.get(key);
}

/** Reads the next page of the most recently modified files. */
async function turnPage(caller: Caller): Promise<void> {
  const { rows, nextCursor } = await caller.tables.files.page({
    orderBy: { modifiedAt: 'desc' },
    size: 25,
    cursor: caller.cursor,
  });
  caller.cursor = nextCursor;
  caller.known.add(rows);
}

/** Searches files whose name contains or begins with a text. */
async function searchFiles({ tables, known }: Caller): Promise<void> {
  const text = known.pick()?.name.slice(0, 4) ?? 'index';
  const name = Math.random() < 0.5 ? { contains: text } : { startsWith: text };
  known.add(await tables.files.find({ where: { name }, limit: 20 }));
}

/** Updates one column of one row by a single statement. */
async function starFile({ tables, known }: Caller): Promise<void> {
  const key = known.pick();
  if (key !== undefined) await tables.files.update(key, { isStarred: Math.random() < 0.5 });
}

/** Reads a row and writes a value that depends on it. Without a transaction, concurrent views would be lost. */
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
