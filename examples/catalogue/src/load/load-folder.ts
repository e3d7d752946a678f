import { join } from 'node:path';
import type { CallOptions } from '@sluice/core';
import { type CatalogueStorage, tablesOf } from '../catalogue-storage.js';
import type { FolderListing } from '../files/folder-listing.js';
import type { Hasher } from '../files/hasher.js';
import { walkFolders } from '../files/walk-folders.js';
import { compareFolders, type Difference, type KnownFolders } from './compare-folders.js';
import { groupFolders } from './group-folders.js';
import { addToTally, emptyTally, type LoadTally } from './load-tally.js';
import { readAhead } from './read-ahead.js';
import { removeUnusedContents } from './remove-unused-contents.js';
import { type HashedFile, writeFiles } from './write-files.js';
import { insertFolders, removeGone } from './write-folders.js';

/** What a load works with. */
export interface LoadContext {
  readonly storage: CatalogueStorage;
  readonly hasher: Hasher;
  /** Ends the load after the batch that is being written; what is committed stays. */
  readonly signal: AbortSignal;
  /** Files that are passed over, by path. */
  readonly isExcluded: (path: string) => boolean;
  /** Told after every batch. */
  readonly onProgress: (tally: LoadTally) => void;
}

/** Small enough that a foreground write never waits long for the batch before it. */
const LIMITS = { folders: 40, files: 150 };
const GROUPS_AHEAD = 3;

/**
 * Brings the catalogue of a folder up to date in the background: small transactions of low priority, one after the other, each leaving the
 * catalogue in a state from which the next load goes on.
 */
export async function loadFolder(root: string, context: LoadContext): Promise<LoadTally> {
  const { storage, signal, isExcluded } = context;
  const tally = emptyTally();
  const walk = walkFolders(root, { isExcluded, onUnreadable: () => addToTally(tally, { unreadable: 1 }) });
  const plans = readAhead(groupFolders(walk, LIMITS), GROUPS_AHEAD, (group) => makePlan(group, context));
  for await (const plan of plans) {
    signal.throwIfAborted();
    await writePlan(plan, tally, context);
    context.onProgress(tally);
  }
  addToTally(tally, { rowsWritten: await removeUnusedContents(storage, signal) });
  return tally;
}

/** What is to be done about a group of folders. */
interface Plan {
  readonly difference: Difference;
  readonly hashed: readonly HashedFile[];
  readonly unreadable: number;
}

async function makePlan(
  group: readonly FolderListing[],
  { storage, hasher, signal }: LoadContext,
): Promise<Plan> {
  signal.throwIfAborted();
  const difference = compareFolders(group, await readKnown(storage, group, optionsOf(signal, 'compare')));
  const { suspects } = difference;
  const contents = await hasher.hash(suspects.map(({ folderPath, name }) => join(folderPath, name)));
  const hashed = suspects.flatMap((file, index) => {
    const content = contents[index];
    return content === undefined ? [] : [{ file, content }];
  });
  const unlisted = group.reduce((sum, { unreadable }) => sum + unreadable.length, 0);
  return { difference, hashed, unreadable: unlisted + suspects.length - hashed.length };
}

/** What the catalogue holds of these folders, on one snapshot. */
function readKnown(
  storage: CatalogueStorage,
  group: readonly FolderListing[],
  options: CallOptions,
): Promise<KnownFolders> {
  const paths = group.map(({ path }) => path);
  return storage.read(async (tx) => {
    const { files, folders } = tablesOf(tx);
    return {
      folders: await folders.find({ where: { path: { in: paths } } }),
      children: await folders.find({ where: { parentPath: { in: paths } } }),
      files: await files.find({ where: { folderPath: { in: paths } } }),
    };
  }, options);
}

async function writePlan(plan: Plan, tally: LoadTally, { storage, signal }: LoadContext): Promise<void> {
  const { difference, hashed } = plan;
  addToTally(tally, { unchanged: difference.unchanged, unreadable: plan.unreadable });
  if (!isEmpty(plan)) {
    await storage.write(
      async (tx) => {
        const tables = tablesOf(tx);
        const gone = await removeGone(tables, difference);
        const newFolders = await insertFolders(tables, difference.newFolders);
        const first = await writeFiles(tx, hashed.slice(0, LIMITS.files));
        // The transaction may run more than once; what it did counts when it is durable.
        tx.afterCommit(() => {
          for (const done of [gone, { rowsWritten: newFolders }, first]) addToTally(tally, done);
        });
      },
      optionsOf(signal, 'write'),
    );
  }
  for (let start = LIMITS.files; start < hashed.length; start += LIMITS.files) {
    await storage.write(
      async (tx) => {
        const done = await writeFiles(tx, hashed.slice(start, start + LIMITS.files));
        tx.afterCommit(() => addToTally(tally, done));
      },
      optionsOf(signal, 'write'),
    );
  }
  const bytesHashed = hashed.reduce((sum, { content }) => sum + Number(content.size), 0);
  addToTally(tally, { checked: difference.unchanged + difference.suspects.length, bytesHashed });
}

function isEmpty({ difference, hashed }: Plan): boolean {
  const { newFolders, removedFiles, removedFolders } = difference;
  return [hashed, newFolders, removedFiles, removedFolders].every(({ length }) => length === 0);
}

/** Nobody waits for a load, so it may take its time. */
const TIMEOUT_MS = 120_000;

function optionsOf(signal: AbortSignal, step: string): CallOptions {
  return { priority: 'low', timeoutMs: TIMEOUT_MS, signal, label: `catalogue.${step}` };
}
