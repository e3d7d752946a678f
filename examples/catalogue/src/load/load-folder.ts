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

/** The context of a load. */
export interface LoadContext {
  readonly storage: CatalogueStorage;
  readonly hasher: Hasher;
  /** Stops the load after the current batch. Committed batches are kept. */
  readonly signal: AbortSignal;
  /** Whether the file at a path is skipped. */
  readonly isExcluded: (path: string) => boolean;
  /** Called after every batch. */
  readonly onProgress: (tally: LoadTally) => void;
}

/** Small enough that a foreground write never waits long for a batch. */
const LIMITS = { folders: 40, files: 150 };
const GROUPS_AHEAD = 3;

/**
 * Updates the catalogue of a folder in the background, by small transactions of low priority, one after the other. After each transaction
 * the catalogue is in a state from which the next load can continue.
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

/** The changes for a group of folders. */
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

/** Reads the catalogue's rows of these folders on one snapshot. */
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
        // The transaction may run more than once, so its changes are counted only after the commit.
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

/** No caller waits for a load, so its timeout is long. */
const TIMEOUT_MS = 120_000;

function optionsOf(signal: AbortSignal, step: string): CallOptions {
  return { priority: 'low', timeoutMs: TIMEOUT_MS, signal, label: `catalogue.${step}` };
}
